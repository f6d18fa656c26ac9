/* SPDX-License-Identifier: MIT */
/* The way to a session: name look-up, dialing, and the TLS handshake, now or after STARTTLS. */
#include <string.h>

#include "base/allocator.h"
#include "connection/connection_state.h"
#include "transport/host_name.h"
#include "transport/socket_stream.h"
#include "transport/tls_config.h"
#include "transport/tls_info.h"
#include "transport/tls_stream.h"

static bool fail_at(ph_connection *connection, ph_phase phase)
{
    ph__error_set_phase(&connection->error, phase);
    ph__connection_fail(connection);
    return true;
}

static bool fail_without_memory(ph_connection *connection, ph_phase phase)
{
    ph__connection_fail_without_memory(connection, phase);
    return true;
}

/* ---- Name look-up ---------------------------------------------------------------------------- */

void ph__connection_begin_resolving(ph_connection *connection)
{
    const ph_server *server = connection->server;
    struct ph__error *error = &connection->error;
    connection->stage = PH__STAGE_RESOLVING;
    if (ph__host_to_ascii(connection->allocator, server->address, &connection->host, error) !=
        PH_OK) {
        (void)fail_at(connection, PH_PHASE_RESOLVE);
        return;
    }
    if (server->dial) {
        connection->stage = PH__STAGE_DIALING;
        return;
    }
    if (ph__resolver_new(connection->allocator, connection->host, connection->port,
                         server->name_servers, &connection->resolver, error) != PH_OK)
        (void)fail_at(connection, PH_PHASE_RESOLVE);
}

bool ph__connection_resolve(ph_connection *connection, const struct pollfd *fds, size_t count,
                            uint64_t now_ms)
{
    (void)now_ms;
    const enum ph__io io =
        ph__resolver_process(connection->resolver, fds, count, &connection->error);
    if (io == PH__IO_FAILED)
        return fail_at(connection, PH_PHASE_RESOLVE);
    if (io != PH__IO_DONE)
        return false;
    size_t endpoint_count;
    const struct ph__endpoint *endpoints =
        ph__resolver_endpoints(connection->resolver, &endpoint_count);
    if (ph__dialer_new(connection->allocator, connection->server->address, connection->port,
                       endpoints, endpoint_count, connection->server->bind_address,
                       &connection->dialer, &connection->error) != PH_OK)
        return fail_at(connection, PH_PHASE_CONNECT);
    ph__resolver_free(connection->resolver);
    connection->resolver = NULL;
    connection->stage = PH__STAGE_DIALING;
    return true;
}

/* ---- Dialing --------------------------------------------------------------------------------- */

static bool begin_session(ph_connection *connection, bool is_secure, uint64_t now_ms)
{
    const ph_server *server = connection->server;
    const struct ph__session_start start = {
        .helo = connection->helo ? connection->helo : ph__server_helo(server),
        .esmtp = server->esmtp,
        .starttls = server->tls ? PH_STARTTLS_OFF : server->starttls,
        .is_secure = is_secure,
        .is_local = connection->is_local,
        .avoids = ~ph__server_features_at(connection->server, now_ms),
        .window = server->window,
        .window_bytes = server->window_bytes,
    };
    connection->stage = PH__STAGE_OPEN;
    if (ph__session_begin(connection->session, &start) == PH_OK)
        return true;
    ph__error_copy(&connection->error, ph__session_error(connection->session));
    ph__connection_fail(connection);
    return true;
}

/* Takes a connected socket. */
static bool connected(ph_connection *connection, int fd, uint64_t now_ms)
{
    const ph_server *server = connection->server;
    if (ph__socket_stream_new(connection->allocator, fd, &connection->stream) != PH_OK) {
        ph__socket_close(fd);
        return fail_without_memory(connection, PH_PHASE_CONNECT);
    }
    ph__dialer_free(connection->dialer);
    connection->dialer = NULL;
    connection->is_local = ph__socket_is_local(fd);
    ph__connection_trace(connection, "Connection opened: %s:%d", server->address, connection->port);
    if (!server->tls)
        return begin_session(connection, false, now_ms);
    ph__connection_begin_handshake(connection, now_ms);
    return true;
}

static bool dial_by_caller(ph_connection *connection, uint64_t now_ms)
{
    const ph_server *server = connection->server;
    int fd = -1;
    const int failure = server->dial(server->address, connection->port, server->limits.open_ms, &fd,
                                     server->dial_data);
    if (failure == 0 && fd >= 0 && ph__socket_prepare(fd) == PH_OK)
        return connected(connection, fd, now_ms);
    if (fd >= 0)
        ph__socket_close(fd);
    (void)ph__error_set(&connection->error, PH_ERR_IO, PH_PHASE_CONNECT,
                        "cannot connect to %s port %d: the program's dial function failed",
                        server->address, connection->port);
    ph__error_add_errno(&connection->error, failure > 0 ? failure : 0);
    ph__connection_fail(connection);
    return true;
}

bool ph__connection_dial(ph_connection *connection, const struct pollfd *fds, size_t count,
                         uint64_t now_ms)
{
    if (connection->server->dial)
        return dial_by_caller(connection, now_ms);
    const enum ph__io io =
        ph__dialer_process(connection->dialer, fds, count, now_ms, &connection->error);
    if (io == PH__IO_FAILED)
        return fail_at(connection, PH_PHASE_CONNECT);
    if (io != PH__IO_DONE)
        return false;
    return connected(connection, ph__dialer_take(connection->dialer), now_ms);
}

/* ---- TLS ------------------------------------------------------------------------------------- */

static const char *tls_name(const ph_connection *connection)
{
    const char *name = ph_tls_config_hostname(connection->server->tls_config);
    if (name)
        return name;
    /* A Unix socket has no name of its own; whoever listens there is on this machine. */
    return strncmp(connection->host, "unix:", 5) == 0 ? "localhost" : connection->host;
}

void ph__connection_begin_handshake(ph_connection *connection, uint64_t now_ms)
{
    struct ph__stream *tls;
    connection->stage = PH__STAGE_HANDSHAKING;
    connection->opening_since = now_ms;
    if (ph__tls_stream_new(connection->allocator, connection->stream,
                           connection->server->tls_config, tls_name(connection), &tls,
                           &connection->error) != PH_OK) {
        (void)fail_at(connection, PH_PHASE_TLS);
        return;
    }
    connection->stream = tls;
}

static bool handshake_done(ph_connection *connection, uint64_t now_ms)
{
    if (ph__tls_stream_info(connection->stream, &connection->tls_info) != PH_OK)
        return fail_without_memory(connection, PH_PHASE_TLS);
    ph__connection_trace(connection, "TLS connection started: %s, %s%s",
                         connection->tls_info->version, connection->tls_info->cipher,
                         connection->tls_info->by_kernel ? ", encrypted by the kernel" : "");
    connection->read_wants_write = false;
    if (connection->server->tls)
        return begin_session(connection, true, now_ms);
    connection->stage = PH__STAGE_OPEN;
    (void)ph__session_tls_started(connection->session);
    return true;
}

bool ph__connection_handshake(ph_connection *connection, uint64_t now_ms)
{
    const enum ph__io io = ph__tls_stream_handshake(connection->stream, &connection->error);
    connection->read_wants_write = io == PH__IO_WANT_WRITE;
    if (io == PH__IO_DONE)
        return handshake_done(connection, now_ms);
    if (io == PH__IO_WANT_READ || io == PH__IO_WANT_WRITE)
        return false;
    return fail_at(connection, PH_PHASE_TLS);
}
