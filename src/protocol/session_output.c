/* SPDX-License-Identifier: MIT */
/*
 * What a session writes: command lines, as many as may be in flight, and content between them.
 * Short pieces are joined in one buffer, long ones are lent from where they are, and all of it
 * leaves in one write.
 */
#include <assert.h>
#include <string.h>

#include "base/allocator.h"
#include "base/format.h"
#include "base/utf8.h"
#include "protocol/command_line.h"
#include "protocol/session_state.h"

enum {
    pends_at_once = 6 /* slices that one step may pend: those of the encoder, and a line */
};

/* ---- Pending slices -------------------------------------------------------------------------- */

bool ph__session_has_room_to_pend(struct ph__session *session)
{
    return session->staging.length < ph__staging_enough &&
           session->pending_count - session->pending_first + pends_at_once <=
               ph__pending_size_max &&
           session->pended - session->written < ph__pending_bytes_max;
}

/* Takes the places of what was written. Content may always have something pending: a short write
 * each time that the places run out would come of waiting for the last of it. */
static void close_up_pending(struct ph__session *session)
{
    session->pending_count = (uint16_t)(session->pending_count - session->pending_first);
    memmove(session->pending, session->pending + session->pending_first,
            session->pending_count * sizeof *session->pending);
    session->pending_first = 0;
}

static int add_pending(struct ph__session *session, struct ph__pending pending,
                       const struct ph__transaction *owner)
{
    if (session->pending && session->pending_first > 0 &&
        session->pending_count == session->pending_size)
        close_up_pending(session);
    if (!session->pending || session->pending_count == session->pending_size) {
        const uint16_t size = session->pending_size == 0 ? (uint16_t)ph__pending_size_min
                                                         : (uint16_t)(2 * session->pending_size);
        struct ph__pending *grown = ph__reallocate_array(
            session->config->allocator, session->pending, size, sizeof *session->pending);
        if (!grown)
            return PH_ERR_NO_MEMORY;
        session->pending = grown;
        session->pending_size = size;
    }
    if (owner) {
        pending.is_content = true;
        pending.slot = (uint16_t)(owner - session->transactions);
    }
    session->pended += pending.length;
    session->pending[session->pending_count++] = pending;
    return PH_OK;
}

static bool is_staged(const struct ph__pending *pending)
{
    return !pending->bytes && !pending->is_file;
}

static struct ph__transaction *owner_of(const struct ph__session *session,
                                        const struct ph__pending *pending)
{
    return pending->is_content ? &session->transactions[pending->slot] : NULL;
}

/* Pends what stands in the staging buffer from `start` on. */
static int pend_staged(struct ph__session *session, size_t start,
                       const struct ph__transaction *owner)
{
    const size_t n = session->staging.length - start;
    struct ph__pending *last = session->pending_count > session->pending_first
                                   ? &session->pending[session->pending_count - 1]
                                   : NULL;
    if (last && is_staged(last) && owner_of(session, last) == owner) {
        last->length += n; /* staged slices that follow one another touch */
        session->pended += n;
        return PH_OK;
    }
    return add_pending(session, (struct ph__pending){.offset = (uint32_t)start, .length = n},
                       owner);
}

int ph__session_pend_file(struct ph__session *session, size_t n,
                          const struct ph__transaction *owner)
{
    return add_pending(session, (struct ph__pending){.is_file = true, .length = n}, owner);
}

int ph__session_pend(struct ph__session *session, struct ph__slice slice,
                     const struct ph__transaction *owner)
{
    if (slice.length == 0)
        return PH_OK;
    if (slice.length < ph__gather_below) {
        const size_t start = session->staging.length;
        const int status = ph__buffer_append(&session->staging, slice.bytes, slice.length);
        return status == PH_OK ? pend_staged(session, start, owner) : PH_ERR_NO_MEMORY;
    }
    return add_pending(session, (struct ph__pending){.bytes = slice.bytes, .length = slice.length},
                       owner);
}

static void forget_pending(struct ph__session *session)
{
    session->pending_first = 0;
    session->pending_count = 0;
    ph__buffer_truncate(&session->staging, 0);
    session->staging.is_secret = false;
}

/* ---- Building -------------------------------------------------------------------------------- */

static void trace_line(struct ph__session *session, const struct ph__command *command, size_t start)
{
    if (!session->config->trace || !session->config->trace->line)
        return;
    const char *line = (const char *)session->staging.bytes + start;
    const size_t n = session->staging.length - start;
    char shown[1024];
    if (session->config->trace->shows_secrets)
        (void)ph__escape(shown, sizeof shown, line, n - 2);
    else if (command->kind == PH__CMD_AUTH_RESPONSE ||
             (command->kind >= PH__CMD_SINGLE && session->raw_is_secret))
        (void)ph__format(shown, sizeof shown, "<redacted>");
    else
        ph__command_shown(shown, sizeof shown, line, n);
    session->config->trace->line(PH_TRACE_SENT, shown, session->config->trace->user_data);
}

static bool may_be_secret(const struct ph__command *command)
{
    return command->kind == PH__CMD_AUTH || command->kind == PH__CMD_AUTH_RESPONSE ||
           command->kind >= PH__CMD_SINGLE;
}

static int build_line(struct ph__session *session, const struct ph__command *command)
{
    const size_t start = session->staging.length;
    if (may_be_secret(command))
        session->staging.is_secret = true;
    const int status = ph__command_row(command)->build(session, command, &session->staging);
    if (status != PH_OK)
        return status;
    trace_line(session, command, start);
    return pend_staged(session, start, NULL);
}

struct ph__command *ph__session_next_to_build(const struct ph__session *session)
{
    const size_t built = session->built_count;
    if (session->state == PH__STATE_BROKEN || session->state == PH__STATE_AWAITING_TLS ||
        session->is_dismissed || built == session->queue_count)
        return NULL;
    if (built > 0 && (!(session->features & PH_FEATURE_PIPELINING) ||
                      ph__command_row(ph__session_queue_at(session, built - 1))->ends_group))
        return NULL;
    return ph__session_queue_at(session, built);
}

static void note_what_let_it_leave(const struct ph__session *session, struct ph__command *command)
{
    if (session->built_count == 0)
        return;
    command->is_pipelined = true;
    command->is_overlapped =
        ph__session_queue_at(session, session->built_count - 1)->slot != command->slot;
}

/* Builds as much as may be in flight and as there is room for. */
static void build(struct ph__session *session)
{
    struct ph__command *command;
    int status = PH_OK;
    bool is_whole = true;
    while (is_whole && ph__session_has_room_to_pend(session) &&
           (command = ph__session_next_to_build(session)) != NULL) {
        if (ph__command_is_content(command))
            status = ph__build_content(session, command, &is_whole);
        else
            status = build_line(session, command);
        if (status != PH_OK) {
            ph__session_fail_without_memory(session);
            return;
        }
        if (!is_whole)
            return;
        command->end = session->pended;
        note_what_let_it_leave(session, command);
        session->built_count++;
        if (session->built_count == session->queue_count)
            ph__transactions_feed(session);
    }
}

static const uint8_t *bytes_of(const struct ph__session *session, const struct ph__pending *pending)
{
    return is_staged(pending) ? session->staging.bytes + pending->offset : pending->bytes;
}

bool ph__session_may_have_output(const struct ph__session *session)
{
    return session->pending_first < session->pending_count ||
           ph__session_next_to_build(session) != NULL;
}

size_t ph__session_output(struct ph__session *session, struct ph__slice *slices, size_t max)
{
    build(session);
    if (session->is_dismissed)
        return 0;
    size_t count = 0;
    for (size_t i = session->pending_first; i < session->pending_count && count < max; i++) {
        const struct ph__pending *pending = &session->pending[i];
        slices[count++] =
            (struct ph__slice){.bytes = bytes_of(session, pending), .length = pending->length};
    }
    return count;
}

/* ---- Written --------------------------------------------------------------------------------- */

/* A command has left to its last byte. If it ends a content, the reply to that is awaited now. */
static void left(struct ph__session *session, const struct ph__command *command)
{
    if (command->kind != PH__CMD_CONTENT && !(command->kind == PH__CMD_BDAT && command->is_last))
        return;
    struct ph__transaction *transaction = ph__transaction_of(session, command);
    transaction->content.end_was_written = true;
    ph__session_trace(session, PH_TRACE_SENT, "(content, %llu bytes)",
                      (unsigned long long)transaction->result->bytes);
}

static void advance(struct ph__session *session, struct ph__pending *pending, size_t n)
{
    if (pending->bytes)
        pending->bytes += n;
    else if (!pending->is_file)
        pending->offset += (uint32_t)n;
    pending->length -= n;
    if (pending->is_content)
        owner_of(session, pending)->result->bytes += n;
}

void ph__session_wrote(struct ph__session *session, size_t n)
{
    session->written += n;
    while (n > 0 && session->pending_first < session->pending_count) {
        struct ph__pending *first = &session->pending[session->pending_first];
        const size_t taken = n < first->length ? n : first->length;
        advance(session, first, taken);
        n -= taken;
        if (first->length == 0)
            session->pending_first++;
    }
    assert(n == 0);
    while (session->in_flight < session->built_count) {
        const struct ph__command *command = ph__session_queue_at(session, session->in_flight);
        if (command->end > session->written)
            break;
        session->in_flight++;
        left(session, command);
    }
    if (session->pending_first == session->pending_count)
        forget_pending(session); /* what was written may be a secret */
}
