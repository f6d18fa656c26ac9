/* SPDX-License-Identifier: MIT */
/*
 * Bytes between stream and session. What has arrived is read first, so that what comes of it leaves
 * with the rest; reading goes on while writing waits, so that neither side can block the other for
 * good (RFC 2920 section 3.1).
 */
#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/system_error.h"
#include "connection/connection_state.h"
#include "transport/send_file.h"
#include "transport/tls_detect.h"

enum {
    slices_per_write = 64
};

/* ---- Content --------------------------------------------------------------------------------- */

static void fail_source(ph_connection *connection, const struct ph__source *source)
{
    char meaning[ph__system_error_size] = "";
    char reason[ph__system_error_size + 128];
    if (source->system_errno)
        (void)ph__system_error(source->system_errno, meaning, sizeof meaning);
    (void)snprintf(reason, sizeof reason, "%s%s%s", source->problem, *meaning ? ": " : "", meaning);
    ph__session_content_failed(connection->session, reason);
}

/* A file that needs no look is not read at all. @return the session got content */
static bool give_file(ph_connection *connection, const struct ph__source *source)
{
    if (!connection->stream->functions->send_file || !ph__can_send_files() ||
        !ph__session_takes_file(connection->session))
        return false;
    const size_t n = ph__source_file_rest(source);
    if (n == 0)
        return false;
    connection->file = source->fd;
    ph__session_content_from_file(connection->session, n, true);
    return true;
}

/* @return the session got content */
static bool give_content(ph_connection *connection)
{
    struct ph__source *source = ph__messages_source(connection);
    if (!source)
        return false;
    if (give_file(connection, source))
        return true;
    if (!connection->source_buffer && ph__source_needs_buffer(source)) {
        /* Kept for the next message; not cleared, so that only what is used of it is resident. */
        connection->source_buffer =
            ph__reallocate_array(connection->allocator, NULL, ph__source_buffer_size, 1);
        if (!connection->source_buffer) {
            (void)ph__error_set(&connection->error, PH_ERR_NO_MEMORY, PH_PHASE_BODY,
                                "out of memory");
            ph__session_fail(connection->session, &connection->error);
            return false;
        }
    }
    struct ph__slice piece;
    bool is_last;
    switch (ph__source_next(source, connection->source_buffer, ph__source_buffer_size, &piece,
                            &is_last)) {
    case PH__SOURCE_PIECE:
        ph__session_content(connection->session, piece.bytes, piece.length, is_last);
        return true;
    case PH__SOURCE_NOTHING_YET:
        return false;
    case PH__SOURCE_FAILED:
        fail_source(connection, source);
        return false;
    }
    return false;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static enum ph__io send_file(ph_connection *connection, size_t max, size_t *n)
{
    const enum ph__io io = connection->stream->functions->send_file(
        connection->stream, connection->file, max, n, &connection->error);
    if (io != PH__IO_END)
        return io;
    ph__session_file_failed(connection->session, "its file became shorter while it was sent");
    return PH__IO_DONE;
}

/* Writes the slices up to one that stands for a file's bytes, or those. */
static enum ph__io write_slices(ph_connection *connection, const struct ph__slice *slices,
                                size_t count, size_t *n)
{
    size_t in_memory = 0;
    while (in_memory < count && slices[in_memory].bytes)
        in_memory++;
    if (in_memory == 0)
        return send_file(connection, slices[0].length, n);
    return connection->stream->functions->write(connection->stream, slices, in_memory, n,
                                                &connection->error);
}

/* @return PH__IO_DONE if nothing is left to write, else why not */
static enum ph__io write_output(ph_connection *connection)
{
    while (ph__session_may_have_output(connection->session)) {
        struct ph__slice slices[slices_per_write];
        const size_t count = ph__session_output(connection->session, slices, slices_per_write);
        if (give_content(connection))
            continue; /* what it brings leaves in the same write */
        if (count == 0)
            break;
        size_t n = 0;
        const enum ph__io io = write_slices(connection, slices, count, &n);
        if (io != PH__IO_DONE)
            return io;
        ph__session_wrote(connection->session, n);
        connection->has_written = true;
        connection->is_clock_stale = true;
        connection->has_sent = true;
    }
    return PH__IO_DONE;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static void keep_first_bytes(ph_connection *connection, const uint8_t *bytes, size_t n)
{
    const size_t room = ph__first_bytes - connection->first_count;
    const uint8_t taken = (uint8_t)(n < room ? n : room);
    memcpy(connection->first_bytes + connection->first_count, bytes, taken);
    connection->first_count = (uint8_t)(connection->first_count + taken);
}

/* A server that speaks TLS from its first byte answers plain text with a TLS alert. */
static void explain_tls_server(ph_connection *connection)
{
    struct ph__error *error = &connection->error;
    if (error->view->phase != PH_PHASE_GREETING ||
        !ph__looks_like_tls(connection->first_bytes, connection->first_count))
        return;
    const ph_status status = error->view->status;
    (void)ph__error_set(error, status, PH_PHASE_GREETING,
                        "%s speaks TLS from the first byte on port %d, and was addressed without; "
                        "turn on implicit TLS for this port, or use the port for STARTTLS (587)",
                        connection->server->address, connection->port);
}

static void fail_read(ph_connection *connection)
{
    struct ph__error *error = &connection->error;
    const ph_phase phase = ph__session_phase(connection->session);
    ph__error_set_phase(error, phase);
    if (phase != PH_PHASE_NONE)
        ph__error_add(error, " (while %s was under way)", ph_phase_name(phase));
    ph__connection_fail(connection);
}

/* @return DONE if bytes were fed, END, FAILED or what is waited for */
static enum ph__io read_input(ph_connection *connection)
{
    uint8_t bytes[ph__read_size];
    size_t n = 0;
    const enum ph__io io = connection->stream->functions->read(
        connection->stream, bytes, sizeof bytes, &n, &connection->error);
    if (io != PH__IO_DONE)
        return io;
    if (connection->first_count < ph__first_bytes)
        keep_first_bytes(connection, bytes, n);
    connection->round_trips += connection->has_written;
    connection->has_written = false;
    connection->has_received = true;
    (void)ph__session_receive(connection->session, bytes, n);
    return PH__IO_DONE;
}

/* Reads all there is, up to the next event for the caller. @return the stage changed */
static bool read_all(ph_connection *connection, uint64_t now_ms)
{
    while (connection->stage == PH__STAGE_OPEN && connection->event.type == PH__EVENT_NONE) {
        const enum ph__io io = read_input(connection);
        connection->read_wants_write = io == PH__IO_WANT_WRITE;
        if (io == PH__IO_WANT_READ || io == PH__IO_WANT_WRITE)
            return false;
        if (io == PH__IO_END)
            ph__session_end_of_input(connection->session);
        if (ph__connection_drain_events(connection)) {
            ph__connection_begin_handshake(connection, now_ms);
            return true;
        }
        if (connection->stage == PH__STAGE_CLOSED)
            explain_tls_server(connection);
        else if (io == PH__IO_FAILED)
            fail_read(connection);
        if (connection->stage == PH__STAGE_CLOSED)
            return true;
        if (!connection->stream->functions->has_pending(connection->stream))
            return false;
    }
    return connection->stage != PH__STAGE_OPEN;
}

/* The write failed: the server's last words, if it had any, say more than "broken pipe". */
static void fail_write(ph_connection *connection)
{
    struct ph__error reason;
    ph__error_init(&reason, connection->allocator);
    ph__error_copy(&reason, &connection->error);
    while (connection->stage == PH__STAGE_OPEN && connection->event.type == PH__EVENT_NONE &&
           read_input(connection) == PH__IO_DONE)
        (void)ph__connection_drain_events(connection);
    if (connection->stage == PH__STAGE_OPEN && connection->event.type == PH__EVENT_NONE) {
        ph__error_copy(&connection->error, &reason);
        fail_read(connection);
    }
    ph__error_release(&reason);
}

/* ---- Both ------------------------------------------------------------------------------------ */

static bool note_write(ph_connection *connection, enum ph__io io)
{
    connection->write_is_blocked = io == PH__IO_WANT_WRITE || io == PH__IO_WANT_READ;
    connection->write_wants_read = io == PH__IO_WANT_READ;
    return io != PH__IO_FAILED;
}

/* Writes what may be written now. */
static void write_all(ph_connection *connection)
{
    connection->may_have_output = false;
    if (!note_write(connection, write_output(connection)))
        fail_write(connection);
}

/* @return the stage changed */
static bool exchange(ph_connection *connection, bool is_readable, uint64_t now_ms)
{
    if (is_readable || connection->stream->functions->has_pending(connection->stream)) {
        if (read_all(connection, now_ms))
            return connection->stage != PH__STAGE_OPEN;
        if (connection->event.type != PH__EVENT_NONE)
            return false; /* what comes of it, and of what is behind it, leaves in one write */
    }
    write_all(connection);
    if (ph__connection_drain_events(connection)) {
        ph__connection_begin_handshake(connection, now_ms);
        return true;
    }
    return connection->stage != PH__STAGE_OPEN;
}

void ph__connection_write(ph_connection *connection, uint64_t now_ms)
{
    write_all(connection);
    ph__connection_note_progress(connection, now_ms);
}

bool ph__connection_exchange(ph_connection *connection, bool is_readable, uint64_t now_ms)
{
    const bool has_changed = exchange(connection, is_readable, now_ms);
    ph__connection_note_progress(connection, now_ms);
    return has_changed;
}
