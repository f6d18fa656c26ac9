/* SPDX-License-Identifier: MIT */
/* The life of a connection, and the dispatch of its stages. */
#include "connection/connection.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/allocator.h"
#include "base/secure_wipe.h"
#include "connection/connection_state.h"
#include "transport/tls_info.h"

ph_connection *ph__connection_new(ph_server *server, int port, uint64_t now_ms)
{
    ph_connection *connection = ph__allocate(server->allocator, sizeof *connection);
    if (!connection)
        return NULL;
    ph__server_retain(server);
    connection->server = server;
    connection->allocator = server->allocator;
    connection->port = port;
    connection->opening_since = connection->now_ms = now_ms;
    ph__error_init(&connection->error, connection->allocator);
    connection->session = ph__session_new(&server->session_config);
    if (!connection->session) {
        ph_connection_free(connection);
        return NULL;
    }
    ph__connection_begin_resolving(connection);
    return connection;
}

void ph__connection_start_as(ph_connection *connection, const char *helo, bool has_own_login)
{
    connection->helo = helo;
    connection->has_own_login = has_own_login;
}

int ph_connection_new(ph_server *server, uint64_t now_ms, ph_connection **out)
{
    *out = NULL;
    if (server->is_of_client)
        return PH_ERR_ARGUMENT;
    ph__server_freeze(server);
    *out = ph__connection_new(server, ph_server_port(server), now_ms);
    return *out ? PH_OK : PH_ERR_NO_MEMORY;
}

void ph__connection_shut(ph_connection *connection)
{
    ph__resolver_free(connection->resolver);
    ph__dialer_free(connection->dialer);
    if (connection->stream)
        connection->stream->functions->close(connection->stream);
    connection->resolver = NULL;
    connection->dialer = NULL;
    connection->stream = NULL;
    connection->stage = PH__STAGE_CLOSED;
}

static void release(ph_connection *connection)
{
    const ph_allocator *allocator = connection->allocator;
    ph_server *server = connection->server;
    ph__tls_info_free(allocator, connection->tls_info);
    ph__messages_free(connection);
    ph__session_free(connection->session);
    ph__error_release(&connection->error);
    ph__release(allocator, connection->source_buffer);
    ph__release(allocator, connection->host);
    ph__release(allocator, connection);
    ph_server_free(server);
}

void ph_connection_free(ph_connection *connection)
{
    if (!connection)
        return;
    ph__connection_shut(connection);
    connection->is_freed = true;
    if (!connection->is_processing)
        release(connection);
}

void ph__connection_trace(const ph_connection *connection, const char *format, ...)
{
    const struct ph__trace *trace = &connection->server->trace;
    if (!trace || !trace->line)
        return;
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    trace->line(PH_TRACE_INFO, line, trace->user_data);
}

void ph__connection_fail(ph_connection *connection)
{
    if (connection->stage == PH__STAGE_CLOSED)
        return;
    ph__session_fail(connection->session, &connection->error);
    ph__connection_shut(connection);
    /* The session knows what became of a message under way, and says so in its error. */
    ph__error_copy(&connection->error, ph__session_error(connection->session));
    ph__connection_trace(connection, "connection closed: %s", connection->error.view->message);
    connection->event =
        (struct ph__event){.type = PH__EVENT_FAILED, .status = connection->error.view->status};
}

void ph__connection_fail_without_memory(ph_connection *connection, ph_phase phase)
{
    (void)ph__error_set(&connection->error, PH_ERR_NO_MEMORY, phase, "out of memory");
    ph__connection_fail(connection);
}

/* What the session failed with becomes the connection's end. */
static void fail_with_session(ph_connection *connection)
{
    ph__server_note_stall(connection->server, ph__session_features_refused(connection->session),
                          connection->now_ms);
    ph__error_copy(&connection->error, ph__session_error(connection->session));
    ph__connection_fail(connection);
}

/* Keeps the event for the caller, unless it belongs to a login that comes before READY. */
static void take_over(ph_connection *connection, struct ph__event event)
{
    if (connection->is_logging_in && event.type == PH__EVENT_COMMAND_DONE) {
        connection->is_logging_in = false;
        if (event.status != PH_OK) {
            fail_with_session(connection);
            return;
        }
        event.type = PH__EVENT_READY;
    } else if (event.type == PH__EVENT_READY && connection->server->login.user &&
               !connection->has_own_login) {
        connection->is_logging_in = true;
        if (ph__connection_log_in_as_set(connection) != PH_OK)
            ph__connection_fail(connection);
        return;
    }
    connection->event = event;
}

bool ph__connection_drain_events(ph_connection *connection)
{
    struct ph__event event;
    /* One event at a time: what comes behind it (a 421, the end) must not take its place. */
    while (connection->stage == PH__STAGE_OPEN && connection->event.type == PH__EVENT_NONE &&
           ph__session_next_event(connection->session, &event)) {
        connection->may_have_output = true;
        if (event.type == PH__EVENT_START_TLS)
            return true;
        if (event.type == PH__EVENT_FAILED) {
            fail_with_session(connection);
            return false;
        }
        take_over(connection, event);
    }
    return false;
}

/* @return something was reported of the stream's descriptor, an error or its end included, which
 * reading finds out; false also if it was not polled: a deadline, say, brought the call */
static bool is_readable(const ph_connection *connection, const struct pollfd *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (connection->stream && fds[i].fd == connection->stream->fd)
            return fds[i].revents != 0;
    }
    return false;
}

static void process_stages(ph_connection *connection, const struct pollfd *fds, size_t count,
                           uint64_t now_ms)
{
    const bool readable = is_readable(connection, fds, count);
    bool goes_on = true;
    while (goes_on) {
        switch (connection->stage) {
        case PH__STAGE_RESOLVING:
            goes_on = ph__connection_resolve(connection, fds, count, now_ms);
            break;
        case PH__STAGE_DIALING:
            goes_on = ph__connection_dial(connection, fds, count, now_ms);
            break;
        case PH__STAGE_HANDSHAKING:
            goes_on = ph__connection_handshake(connection, now_ms);
            break;
        case PH__STAGE_OPEN:
            goes_on = ph__connection_exchange(connection, readable, now_ms);
            break;
        case PH__STAGE_CLOSED:
            return;
        }
    }
    ph__connection_check_deadline(connection, now_ms);
}

void ph_connection_process(ph_connection *connection, const struct pollfd *fds, size_t count,
                           uint64_t now_ms)
{
    if (connection->is_processing) /* its own handler calls */
        return;
    connection->is_processing = true;
    ph__connection_set_clock(connection, now_ms);
    process_stages(connection, fds, count, now_ms);
    connection->is_clock_stale = false;
    ph__events_deliver(connection);
    connection->is_processing = false;
    if (connection->is_freed)
        release(connection);
}

size_t ph_connection_pollfds(ph_connection *connection, struct pollfd *fds)
{
    switch (connection->stage) {
    case PH__STAGE_RESOLVING:
        return ph__resolver_pollfds(connection->resolver, fds, PH_POLLFDS_MAX);
    case PH__STAGE_DIALING:
        return connection->dialer ? ph__dialer_pollfds(connection->dialer, fds, PH_POLLFDS_MAX)
                                  : 0; /* the program dials, in process */
    case PH__STAGE_HANDSHAKING:
    case PH__STAGE_OPEN:
        break;
    case PH__STAGE_CLOSED:
        return 0;
    }
    const bool handshakes = connection->stage == PH__STAGE_HANDSHAKING;
    const bool writes = connection->write_is_blocked && !connection->write_wants_read;
    short events = handshakes ? 0 : POLLIN;
    if (handshakes && !connection->read_wants_write)
        events |= POLLIN;
    if (writes || connection->read_wants_write)
        events |= POLLOUT;
    fds[0] = (struct pollfd){.fd = connection->stream->fd, .events = events};
    return 1;
}

bool ph_connection_is_connected(const ph_connection *connection)
{
    return connection->stream != NULL;
}

bool ph__connection_take_event(ph_connection *connection, struct ph__event *event)
{
    *event = connection->event;
    connection->event.type = PH__EVENT_NONE;
    if (event->type == PH__EVENT_NONE && connection->stage == PH__STAGE_CLOSED)
        *event =
            (struct ph__event){.type = PH__EVENT_FAILED, .status = connection->error.view->status};
    connection->has_told_end |= event->type == PH__EVENT_FAILED;
    return event->type != PH__EVENT_NONE;
}

struct ph__session *ph__connection_session(ph_connection *connection)
{
    return connection->session;
}

void ph__connection_set_source(ph_connection *connection, struct ph__source *source)
{
    connection->source = source;
}

bool ph__connection_wants_push(const ph_connection *connection)
{
    const struct ph__source *source = connection->source;
    return connection->stage == PH__STAGE_OPEN && source && source->kind == PH__SOURCE_PUSHED &&
           source->memory.length == 0 && !source->is_last &&
           ph__session_wants_content(connection->session);
}

const struct ph__error *ph__connection_error(const ph_connection *connection)
{
    return connection->stage == PH__STAGE_CLOSED ? &connection->error
                                                 : ph__session_error(connection->session);
}

ph_tls_info *ph__connection_take_tls_info(ph_connection *connection)
{
    ph_tls_info *info = connection->tls_info;
    connection->tls_info = NULL;
    return info;
}
