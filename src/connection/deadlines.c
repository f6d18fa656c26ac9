/* SPDX-License-Identifier: MIT */
/*
 * Time limits: opening (twice: until connected, and for each handshake), each wait to read, each
 * wait to write, and a whole reply.
 */
#include <limits.h>

#include "connection/connection_state.h"

void ph__connection_note_progress(ph_connection *connection, uint64_t now_ms)
{
    const bool received = connection->has_received;
    const bool wrote = connection->has_sent;
    const uint64_t replies = ph__session_reply_count(connection->session);
    if (!ph__session_awaits_reply(connection->session)) {
        connection->reading_since = 0;
        connection->reply_since = 0;
    } else {
        /* Who is still being written to need not have answered. */
        if (received || wrote || connection->reading_since == 0)
            connection->reading_since = now_ms;
        if (replies != connection->replies_seen || wrote || connection->reply_since == 0)
            connection->reply_since = now_ms;
    }
    connection->replies_seen = replies;
    if (!connection->write_is_blocked)
        connection->writing_since = 0;
    else if (wrote || connection->writing_since == 0)
        connection->writing_since = now_ms;
    connection->has_received = false;
    connection->has_sent = false;
}

void ph__connection_set_clock(ph_connection *connection, uint64_t now_ms)
{
    connection->now_ms = now_ms;
    if (connection->is_clock_stale && connection->stage == PH__STAGE_OPEN) {
        connection->has_sent = true;
        ph__connection_note_progress(connection, now_ms);
    }
    connection->is_clock_stale = false;
}

static uint64_t after(uint64_t since, uint32_t limit_ms)
{
    return limit_ms == 0 ? PH_NO_DEADLINE : since + limit_ms;
}

struct limit {
    uint64_t at;
    ph_status status;
    uint32_t limit_ms;
};

static void take_earlier(struct limit *earliest, uint64_t since, uint32_t limit_ms,
                         ph_status status)
{
    if (since == 0)
        return;
    const uint64_t at = after(since, limit_ms);
    if (at < earliest->at)
        *earliest = (struct limit){.at = at, .status = status, .limit_ms = limit_ms};
}

/* The limit that passes first. A wait for a reply counts from when all was written. */
static struct limit next_limit(const ph_connection *connection)
{
    const struct ph__time_limits *limits = &connection->server->limits;
    struct limit earliest = {.at = PH_NO_DEADLINE};
    if (connection->stage == PH__STAGE_OPEN) {
        take_earlier(&earliest, connection->writing_since, limits->write_ms, PH_ERR_WRITE_TIMEOUT);
        if (!connection->write_is_blocked)
            take_earlier(&earliest, connection->reading_since, limits->read_ms,
                         PH_ERR_READ_TIMEOUT);
        take_earlier(&earliest, connection->reply_since, limits->reply_ms, PH_ERR_READ_TIMEOUT);
    } else if (connection->stage != PH__STAGE_CLOSED) {
        take_earlier(&earliest, connection->opening_since, limits->open_ms, PH_ERR_OPEN_TIMEOUT);
    }
    return earliest;
}

static bool has_pending(const ph_connection *connection)
{
    struct ph__stream *stream = connection->stream;
    return connection->stage == PH__STAGE_OPEN && stream->functions->has_pending(stream);
}

uint64_t ph_connection_deadline(ph_connection *connection, uint64_t now_ms)
{
    ph__connection_set_clock(connection, now_ms);
    if (ph__events_are_due(connection) || has_pending(connection))
        return now_ms;
    uint64_t at = next_limit(connection).at;
    uint64_t own = PH_NO_DEADLINE;
    if (connection->stage == PH__STAGE_RESOLVING)
        own = ph__resolver_deadline_ms(connection->resolver, now_ms);
    else if (connection->stage == PH__STAGE_DIALING)
        own = connection->dialer ? ph__dialer_deadline_ms(connection->dialer, now_ms) : now_ms;
    return own < at ? own : at;
}

int ph_connection_poll_timeout(ph_connection *connection, uint64_t now_ms)
{
    const uint64_t deadline = ph_connection_deadline(connection, now_ms);
    if (deadline == PH_NO_DEADLINE)
        return -1;
    const uint64_t rest = deadline > now_ms ? deadline - now_ms : 0;
    return rest > INT_MAX ? INT_MAX : (int)rest;
}

/* What was waited for, as the sentence says it. */
static const char *awaited(const ph_connection *connection, const struct limit *limit)
{
    if (limit->status == PH_ERR_WRITE_TIMEOUT)
        return "takes no more data";
    switch (connection->stage) {
    case PH__STAGE_RESOLVING:
        return "has not been found by the name servers";
    case PH__STAGE_DIALING:
        return "does not answer the connection";
    case PH__STAGE_HANDSHAKING:
        return "does not go on with the TLS handshake";
    case PH__STAGE_OPEN:
    case PH__STAGE_CLOSED:
        break;
    }
    return "sends no reply";
}

static ph_phase phase_of(const ph_connection *connection)
{
    switch (connection->stage) {
    case PH__STAGE_RESOLVING:
        return PH_PHASE_RESOLVE;
    case PH__STAGE_DIALING:
        return PH_PHASE_CONNECT;
    case PH__STAGE_HANDSHAKING:
        return PH_PHASE_TLS;
    case PH__STAGE_OPEN:
    case PH__STAGE_CLOSED:
        break;
    }
    return ph__session_phase(connection->session);
}

static const char *hint(const ph_connection *connection, ph_phase phase)
{
    if (phase == PH_PHASE_GREETING && !connection->server->tls &&
        connection->port == PH_PORT_SUBMISSIONS)
        return "; this port expects TLS from the first byte: turn on implicit TLS";
    if (phase == PH_PHASE_GREETING)
        return "; if it expects TLS from the first byte, turn on implicit TLS";
    if (phase == PH_PHASE_CONNECT)
        return "; check the address, the port, and that no firewall drops the connection";
    return "";
}

/* Not this connection's matter alone: those that follow go without what it stalled at. */
static void note_stall(ph_connection *connection, ph_status status, uint64_t now_ms)
{
    unsigned features = ph__session_features_in_use(connection->session);
    if (status == PH_ERR_WRITE_TIMEOUT)
        features &= PH_FEATURE_CHUNKING; /* it takes no more of what it might have taken by DATA */
    else if (status != PH_ERR_READ_TIMEOUT)
        return;
    ph__server_note_stall(connection->server, features, now_ms);
}

void ph__connection_check_deadline(ph_connection *connection, uint64_t now_ms)
{
    const struct limit limit = next_limit(connection);
    if (connection->stage == PH__STAGE_CLOSED || now_ms < limit.at)
        return;
    const ph_phase phase = phase_of(connection);
    note_stall(connection, limit.status, now_ms);
    (void)ph__error_set(&connection->error, limit.status, phase,
                        "%s port %d %s (%s): gave up after %g s%s", connection->server->address,
                        connection->port, awaited(connection, &limit), ph_phase_name(phase),
                        (double)limit.limit_ms / 1000.0, hint(connection, phase));
    ph__connection_fail(connection);
}
