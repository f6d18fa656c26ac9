/* SPDX-License-Identifier: MIT */
/* ph_server: where a server is and how to talk to it, for all connections to it. */
#include "connection/server.h"

#include <arpa/inet.h>
#include <string.h>

#include "auth/credentials.h"
#include "base/allocator.h"
#include "base/ascii.h"
#include "base/secure_wipe.h"
#include "transport/tls_config.h"

enum {
    address_max = 1024,
    window_max = 1000,
    stall_memory_ms = 60 * 60 * 1000, /* long enough to matter, and a bad hour passes */
    all_features = PH_FEATURE_PIPELINING | PH_FEATURE_CHUNKING | PH_FEATURE_OVERLAP
};

/* ---- Life ------------------------------------------------------------------------------------ */

static bool is_address(const char *address)
{
    const size_t n = address ? strlen(address) : 0;
    return n > 0 && n <= address_max && !ph__has_control_bytes(address) && !strchr(address, ' ');
}

int ph__server_init(ph_server *server, const char *address, int port, const ph_allocator *allocator)
{
    *server = (ph_server){
        .own_allocator = *ph__allocator_or_default(allocator),
        .user_count = 1,
        .port = port == 0 ? PH_PORT_SMTP : port,
        .starttls = PH_STARTTLS_AUTO,
        .esmtp = true,
        .limits = {.open_ms = 30000, .read_ms = 60000, .write_ms = 60000, .reply_ms = 600000},
        .features = all_features,
        .window = 1,
    };
    server->allocator = &server->own_allocator;
    if (!is_address(address) || port < PH_PORT_INFERRED || port > UINT16_MAX)
        return PH_ERR_ARGUMENT;
    if (ph__mechanism_table_init(&server->mechanisms, server->allocator) != PH_OK)
        return PH_ERR_NO_MEMORY;
    server->tls_config = ph__tls_config_new(server->allocator);
    if (!server->tls_config)
        return PH_ERR_NO_MEMORY;
    if (ph__replace_string(server->allocator, &server->address, address) != PH_OK)
        return PH_ERR_NO_MEMORY;
    server->session_config =
        (struct ph__session_config){.allocator = server->allocator,
                                    .server = server->address,
                                    .reply_limits = {.line_max = ph__reply_line_max_default,
                                                     .lines_max = ph__reply_lines_max_default,
                                                     .total_max = ph__reply_total_max_default},
                                    .last_capabilities = &server->last_capabilities,
                                    .trace = &server->trace};
    return PH_OK;
}

int ph_server_new(const char *address, int port, const ph_allocator *allocator, ph_server **out)
{
    const ph_allocator *memory = ph__allocator_or_default(allocator);
    ph_server *server = *out = ph__allocate(memory, sizeof *server);
    if (!server)
        return PH_ERR_NO_MEMORY;
    const int status = ph__server_init(server, address, port, memory);
    if (status != PH_OK) {
        ph_server_free(server);
        *out = NULL;
    }
    return status;
}

static void release_login(const ph_allocator *allocator, struct ph__server_login *login)
{
    ph__release_secret(allocator, &login->secret);
    ph__release(allocator, login->authtype);
    ph__release(allocator, login->user);
}

void ph__server_release(ph_server *server)
{
    const ph_allocator *allocator = server->allocator;
    release_login(allocator, &server->login);
    ph__mechanism_table_release(&server->mechanisms);
    ph__tls_config_free(server->tls_config);
    ph_capabilities_free(server->last_capabilities);
    ph__release(allocator, server->authorization_id);
    ph__release(allocator, server->helo);
    ph__release(allocator, server->bind_address);
    ph__release(allocator, server->address);
}

void ph__server_freeze(ph_server *server)
{
    server->is_frozen = true;
    ph__tls_config_freeze(server->tls_config);
}

void ph__server_retain(ph_server *server)
{
    server->user_count++;
}

void ph_server_free(ph_server *server)
{
    if (!server || server->is_of_client || --server->user_count > 0)
        return;
    const ph_allocator allocator = server->own_allocator;
    ph__server_release(server);
    ph__release(&allocator, server);
}

const char *ph_server_address(const ph_server *server)
{
    return server->address;
}

int ph__server_port_for(const ph_server *server, const char *user)
{
    if (server->port != PH_PORT_INFERRED)
        return server->port;
    if (server->tls)
        return PH_PORT_SUBMISSIONS;
    return user ? PH_PORT_SUBMISSION : PH_PORT_SMTP;
}

int ph_server_port(const ph_server *server)
{
    return ph__server_port_for(server, server->login.user);
}

const char *ph__server_helo(const ph_server *server)
{
    return server->helo ? server->helo : "localhost";
}

/* ---- Setters --------------------------------------------------------------------------------- */

static int set_string(ph_server *server, char **slot, const char *text)
{
    if (server->is_frozen)
        return PH_ERR_STATE;
    return ph__replace_string(server->allocator, slot, text);
}

static int set_flag(const ph_server *server, bool *flag, bool value)
{
    if (server->is_frozen)
        return PH_ERR_STATE;
    *flag = value;
    return PH_OK;
}

static int set_limit(const ph_server *server, uint32_t *limit, uint32_t timeout_ms)
{
    if (server->is_frozen)
        return PH_ERR_STATE;
    *limit = timeout_ms;
    return PH_OK;
}

int ph_server_set_tls_mode(ph_server *server, ph_tls_mode mode)
{
    static const ph_starttls starttls[] = {
        [PH_TLS_OFF] = PH_STARTTLS_OFF,
        [PH_TLS_STARTTLS_AUTO] = PH_STARTTLS_AUTO,
        [PH_TLS_STARTTLS_ALWAYS] = PH_STARTTLS_ALWAYS,
        [PH_TLS_IMPLICIT] = PH_STARTTLS_OFF,
    };
    if ((unsigned)mode >= sizeof starttls / sizeof starttls[0])
        return PH_ERR_ARGUMENT;
    if (server->is_frozen)
        return PH_ERR_STATE;
    server->tls = mode == PH_TLS_IMPLICIT;
    server->starttls = starttls[mode];
    return PH_OK;
}

ph_tls_config *ph_server_tls_config(ph_server *server)
{
    return server->tls_config;
}

int ph_server_set_helo(ph_server *server, const char *helo)
{
    return helo && !ph__is_helo_name(helo) ? PH_ERR_ARGUMENT
                                           : set_string(server, &server->helo, helo);
}

int ph_server_set_esmtp(ph_server *server, bool esmtp)
{
    return set_flag(server, &server->esmtp, esmtp);
}

/* What the sentence of the check would say is in the manual; here the status has to do. */
static int check_login(const ph_server *server, const char *user, const char *secret,
                       const char *authtype)
{
    const ph_mechanism *mechanism;
    struct ph__error error;
    ph__error_init(&error, server->allocator);
    const int status =
        ph__credentials_check(&server->mechanisms, user, secret, authtype, &mechanism, &error);
    ph__error_release(&error);
    return status;
}

int ph_server_set_login(ph_server *server, const char *user, const char *secret,
                        const char *authtype)
{
    struct ph__server_login login = {0};
    if (server->is_frozen)
        return PH_ERR_STATE;
    int status = user || secret || authtype ? check_login(server, user, secret, authtype) : PH_OK;
    if (status == PH_OK)
        status = ph__replace_string(server->allocator, &login.user, user);
    if (status == PH_OK)
        status = ph__replace_string(server->allocator, &login.secret, secret);
    if (status == PH_OK)
        status = ph__replace_string(server->allocator, &login.authtype, authtype);
    if (status != PH_OK) {
        release_login(server->allocator, &login);
        return status;
    }
    release_login(server->allocator, &server->login);
    server->login = login;
    return PH_OK;
}

int ph_server_set_authorization_id(ph_server *server, const char *authorization_id)
{
    if (authorization_id && (*authorization_id == '\0' || ph__has_control_bytes(authorization_id)))
        return PH_ERR_ARGUMENT;
    return set_string(server, &server->authorization_id, authorization_id);
}

int ph_server_add_mechanism(ph_server *server, const ph_mechanism *mechanism)
{
    if (server->is_frozen)
        return PH_ERR_STATE;
    return ph__mechanism_table_add(&server->mechanisms, mechanism);
}

int ph_server_set_allow_plaintext_auth(ph_server *server, bool allow)
{
    return set_flag(server, &server->allows_plaintext_auth, allow);
}

int ph_server_set_open_timeout(ph_server *server, uint32_t timeout_ms)
{
    return set_limit(server, &server->limits.open_ms, timeout_ms);
}

int ph_server_set_read_timeout(ph_server *server, uint32_t timeout_ms)
{
    return set_limit(server, &server->limits.read_ms, timeout_ms);
}

int ph_server_set_write_timeout(ph_server *server, uint32_t timeout_ms)
{
    return set_limit(server, &server->limits.write_ms, timeout_ms);
}

int ph_server_set_reply_timeout(ph_server *server, uint32_t timeout_ms)
{
    return set_limit(server, &server->limits.reply_ms, timeout_ms);
}

static bool is_ip_address(const char *text)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

int ph_server_set_bind_address(ph_server *server, const char *address)
{
    if (address && !is_ip_address(address))
        return PH_ERR_ARGUMENT;
    return set_string(server, &server->bind_address, address);
}

int ph_server_set_dial(ph_server *server, ph_dial_fn dial, void *user_data)
{
    if (server->is_frozen)
        return PH_ERR_STATE;
    server->dial = dial;
    server->dial_data = user_data;
    return PH_OK;
}

int ph_server_set_trace(ph_server *server, ph_trace_fn trace, void *user_data)
{
    if (server->is_frozen)
        return PH_ERR_STATE;
    server->trace = (struct ph__trace){
        .line = trace, .user_data = user_data, .shows_secrets = server->trace.shows_secrets};
    return PH_OK;
}

int ph_server_set_trace_file(ph_server *server, FILE *file)
{
    return ph_server_set_trace(server, file ? ph_trace_to_file : NULL, file);
}

/* ---- Ways to save round trips ---------------------------------------------------------------- */

int ph_server_set_features(ph_server *server, unsigned features, bool use)
{
    if ((features & ~(unsigned)all_features) != 0)
        return PH_ERR_ARGUMENT;
    if (server->is_frozen)
        return PH_ERR_STATE;
    server->features = use ? server->features | features : server->features & ~features;
    return PH_OK;
}

unsigned ph_server_features(const ph_server *server)
{
    return server->features & ~server->stalled_features;
}

void ph__server_note_stall(ph_server *server, unsigned features, uint64_t now_ms)
{
    server->stalled_features |= features;
    if (features != 0)
        server->stalled_at_ms = now_ms;
}

unsigned ph__server_features_at(ph_server *server, uint64_t now_ms)
{
    if (now_ms >= server->stalled_at_ms + stall_memory_ms)
        server->stalled_features = 0;
    return ph_server_features(server);
}

int ph_server_set_window(ph_server *server, uint32_t transactions, uint64_t bytes)
{
    if (transactions == 0 || transactions > window_max)
        return PH_ERR_ARGUMENT;
    if (server->is_frozen)
        return PH_ERR_STATE;
    server->window = transactions;
    server->window_bytes = bytes;
    return PH_OK;
}
