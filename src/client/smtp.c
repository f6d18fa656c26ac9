/* SPDX-License-Identifier: MIT */
/* Making a client, and its settings. */
#include <posthaste/smtp.h>

#include <stdio.h>

#include "base/allocator.h"
#include "client/client.h"
#include "transport/tls_info.h"

static int init(ph_smtp *smtp, const char *address, int port, const ph_allocator *allocator)
{
    const int status = ph__server_init(&smtp->server, address, port, allocator);
    smtp->server.is_of_client = true;
    smtp->allocator = smtp->server.allocator;
    smtp->port_in_use = smtp->server.port;
    ph__error_init(&smtp->error, smtp->allocator);
    ph__reply_init(&smtp->reply, smtp->allocator, ph__reply_total_max_default);
    ph__buffer_init(&smtp->writer.buffer, smtp->allocator, ph__writer_buffer_size);
    smtp->writer.smtp = smtp;
    return status;
}

int ph_smtp_new(const char *address, int port, const ph_allocator *allocator, ph_smtp **out)
{
    const ph_allocator *memory = ph__allocator_or_default(allocator);
    ph_smtp *smtp = *out = ph__allocate(memory, sizeof *smtp);
    if (!smtp)
        return PH_ERR_NO_MEMORY;
    const int status = init(smtp, address, port, memory);
    if (status != PH_OK) {
        ph_smtp_free(smtp);
        *out = NULL;
    }
    return status;
}

void ph_smtp_free(ph_smtp *smtp)
{
    if (!smtp)
        return;
    const ph_allocator allocator = *smtp->allocator;
    ph__client_disconnect(smtp);
    ph__tls_info_free(smtp->allocator, smtp->tls_info);
    ph_result_free(smtp->result);
    ph__reply_release(&smtp->reply);
    ph__error_release(&smtp->error);
    ph__release(&allocator, smtp->description);
    ph__server_release(&smtp->server);
    ph__release(&allocator, smtp);
}

const char *ph_smtp_address(const ph_smtp *smtp)
{
    return smtp->server.address;
}

int ph_smtp_port(const ph_smtp *smtp)
{
    return smtp->port_in_use;
}

const char *ph_smtp_description(ph_smtp *smtp)
{
    static const char form[] = "posthaste %s:%d started=%s";
    char text[2048];
    (void)snprintf(text, sizeof text, form, smtp->server.address, smtp->port_in_use,
                   smtp->is_started ? "true" : "false");
    if (ph__replace_string(smtp->allocator, &smtp->description, text) != PH_OK)
        return "posthaste";
    return smtp->description;
}

ph_server *ph_smtp_server(ph_smtp *smtp)
{
    return &smtp->server;
}

void ph_smtp_set_esmtp(ph_smtp *smtp, bool esmtp)
{
    smtp->server.esmtp = esmtp;
}

bool ph_smtp_esmtp(const ph_smtp *smtp)
{
    return smtp->server.esmtp;
}

void ph_smtp_set_open_timeout(ph_smtp *smtp, uint32_t timeout_ms)
{
    smtp->server.limits.open_ms = timeout_ms;
}

uint32_t ph_smtp_open_timeout(const ph_smtp *smtp)
{
    return smtp->server.limits.open_ms;
}

void ph_smtp_set_read_timeout(ph_smtp *smtp, uint32_t timeout_ms)
{
    smtp->server.limits.read_ms = timeout_ms;
}

uint32_t ph_smtp_read_timeout(const ph_smtp *smtp)
{
    return smtp->server.limits.read_ms;
}

void ph_smtp_set_write_timeout(ph_smtp *smtp, uint32_t timeout_ms)
{
    smtp->server.limits.write_ms = timeout_ms;
}

uint32_t ph_smtp_write_timeout(const ph_smtp *smtp)
{
    return smtp->server.limits.write_ms;
}

void ph_smtp_set_reply_timeout(ph_smtp *smtp, uint32_t timeout_ms)
{
    smtp->server.limits.reply_ms = timeout_ms;
}

uint32_t ph_smtp_reply_timeout(const ph_smtp *smtp)
{
    return smtp->server.limits.reply_ms;
}

/* ---- TLS ------------------------------------------------------------------------------------- */

static int change_tls(ph_smtp *smtp, bool tls, ph_starttls starttls)
{
    ph__error_clear(&smtp->error);
    if (smtp->is_started)
        return ph__error_set(&smtp->error, PH_ERR_STATE, PH_PHASE_NONE,
                             "the session is started; TLS can be chosen before the start only");
    if (tls && starttls == PH_STARTTLS_ALWAYS)
        return ph__error_set(&smtp->error, PH_ERR_ARGUMENT, PH_PHASE_NONE,
                             "SMTPS and STARTTLS are exclusive: turn one off first");
    smtp->server.tls = tls;
    smtp->server.starttls = starttls;
    return PH_OK;
}

int ph_smtp_enable_tls(ph_smtp *smtp)
{
    return change_tls(smtp, true, smtp->server.starttls);
}

int ph_smtp_disable_tls(ph_smtp *smtp)
{
    return change_tls(smtp, false, smtp->server.starttls);
}

static int enable_starttls(ph_smtp *smtp, ph_starttls mode)
{
    if (!smtp->server.tls)
        return change_tls(smtp, false, mode);
    ph__error_clear(&smtp->error);
    return ph__error_set(&smtp->error, PH_ERR_ARGUMENT, PH_PHASE_NONE,
                         "SMTPS and STARTTLS are exclusive: turn one off first");
}

int ph_smtp_enable_starttls(ph_smtp *smtp)
{
    return enable_starttls(smtp, PH_STARTTLS_ALWAYS);
}

int ph_smtp_enable_starttls_auto(ph_smtp *smtp)
{
    return enable_starttls(smtp, PH_STARTTLS_AUTO);
}

int ph_smtp_disable_starttls(ph_smtp *smtp)
{
    return change_tls(smtp, smtp->server.tls, PH_STARTTLS_OFF);
}

bool ph_smtp_tls(const ph_smtp *smtp)
{
    return smtp->server.tls;
}

ph_starttls ph_smtp_starttls_mode(const ph_smtp *smtp)
{
    return smtp->server.starttls;
}

bool ph_smtp_starttls_always(const ph_smtp *smtp)
{
    return smtp->server.starttls == PH_STARTTLS_ALWAYS;
}

bool ph_smtp_starttls_auto(const ph_smtp *smtp)
{
    return smtp->server.starttls == PH_STARTTLS_AUTO;
}

ph_tls_config *ph_smtp_tls_config(ph_smtp *smtp)
{
    return smtp->server.tls_config;
}

/* ---- The rest -------------------------------------------------------------------------------- */

void ph_smtp_set_allow_plaintext_auth(ph_smtp *smtp, bool allow)
{
    smtp->server.allows_plaintext_auth = allow;
}

int ph_smtp_set_authorization_id(ph_smtp *smtp, const char *authorization_id)
{
    return ph_server_set_authorization_id(&smtp->server, authorization_id);
}

int ph_smtp_add_mechanism(ph_smtp *smtp, const ph_mechanism *mechanism)
{
    return ph_server_add_mechanism(&smtp->server, mechanism);
}

int ph_smtp_set_bind_address(ph_smtp *smtp, const char *address)
{
    return ph_server_set_bind_address(&smtp->server, address);
}

void ph_smtp_set_dial(ph_smtp *smtp, ph_dial_fn dial, void *user_data)
{
    smtp->server.dial = dial;
    smtp->server.dial_data = user_data;
}

void ph_smtp_set_trace(ph_smtp *smtp, ph_trace_fn trace, void *user_data)
{
    smtp->server.trace.line = trace;
    smtp->server.trace.user_data = user_data;
}

void ph_smtp_set_trace_secrets(ph_smtp *smtp, bool show)
{
    smtp->server.trace.shows_secrets = show;
}

void ph_smtp_set_trace_file(ph_smtp *smtp, FILE *file)
{
    ph_smtp_set_trace(smtp, file ? ph_trace_to_file : NULL, file);
}

/* ---- What the last calls left ---------------------------------------------------------------- */

bool ph_smtp_started(const ph_smtp *smtp)
{
    return smtp->is_started;
}

const ph_error *ph_smtp_error(const ph_smtp *smtp)
{
    return ph__error_is_set(&smtp->error) ? smtp->error.view : NULL;
}

const ph_reply *ph_smtp_reply(const ph_smtp *smtp)
{
    return ph__reply_in(&smtp->reply);
}

const char *ph_smtp_notice(const ph_smtp *smtp)
{
    return smtp->notice[0] != '\0' ? smtp->notice : NULL;
}

const ph_result *ph_smtp_result(const ph_smtp *smtp)
{
    return smtp->result;
}

ph_result *ph_smtp_take_result(ph_smtp *smtp)
{
    ph_result *result = smtp->result;
    smtp->result = NULL;
    return result;
}

const ph_tls_info *ph_smtp_tls_info(const ph_smtp *smtp)
{
    return smtp->connection ? ph_connection_tls_info(smtp->connection) : smtp->tls_info;
}

const ph_capabilities *ph_smtp_capabilities(const ph_smtp *smtp)
{
    if (!smtp->is_started)
        return NULL;
    return ph__session_capabilities(ph__connection_session(smtp->connection));
}

int ph_smtp_capable(const ph_smtp *smtp, const char *keyword)
{
    const ph_capabilities *capabilities = ph_smtp_capabilities(smtp);
    return capabilities ? ph_capabilities_has(capabilities, keyword) : -1;
}

int ph_smtp_auth_capable(const ph_smtp *smtp, const char *mechanism)
{
    const ph_capabilities *capabilities = ph_smtp_capabilities(smtp);
    return capabilities ? ph_capabilities_has_auth(capabilities, mechanism) : -1;
}

int ph_smtp_capable_starttls(const ph_smtp *smtp)
{
    return ph_smtp_capable(smtp, "STARTTLS");
}

int ph_smtp_capable_plain_auth(const ph_smtp *smtp)
{
    return ph_smtp_auth_capable(smtp, "PLAIN");
}

int ph_smtp_capable_login_auth(const ph_smtp *smtp)
{
    return ph_smtp_auth_capable(smtp, "LOGIN");
}

int ph_smtp_capable_cram_md5_auth(const ph_smtp *smtp)
{
    return ph_smtp_auth_capable(smtp, "CRAM-MD5");
}
