/* SPDX-License-Identifier: MIT */
/*
 * What a session writes: command lines, as many as may be in flight, and content. Short pieces are
 * gathered, long ones are lent as they are.
 */
#include <assert.h>

#include "base/format.h"
#include "base/utf8.h"
#include "protocol/command_line.h"
#include "protocol/session_state.h"

enum {
    lines_enough = 16 * 1024
};

static void trace_line(struct ph__session *session, const struct ph__command *command, size_t start)
{
    if (!session->trace || !session->trace->line)
        return;
    const char *line = (const char *)session->lines.bytes + start;
    const size_t n = session->lines.length - start;
    char shown[1024];
    if (session->trace->shows_secrets)
        (void)ph__escape(shown, sizeof shown, line, n - 2);
    else if (command->kind == PH__CMD_AUTH_RESPONSE ||
             (command->kind >= PH__CMD_SINGLE && session->raw_is_secret))
        (void)ph__format(shown, sizeof shown, "<redacted>");
    else
        ph__command_shown(shown, sizeof shown, line, n);
    session->trace->line(PH_TRACE_SENT, shown, session->trace->user_data);
}

/* @return the command at the sending cursor may go now */
static bool may_send(struct ph__session *session)
{
    if (session->in_flight == session->queue_count || session->lines.length >= lines_enough ||
        ph__session_queue_at(session, session->in_flight)->kind == PH__CMD_CONTENT)
        return false;
    return session->in_flight == 0 ||
           (session->has_pipelining &&
            !ph__command_row(ph__session_queue_at(session, session->in_flight - 1))->ends_group);
}

static int build_lines(struct ph__session *session)
{
    int status = PH_OK;
    while (status == PH_OK && may_send(session)) {
        const struct ph__command *command = ph__session_queue_at(session, session->in_flight);
        const struct ph__command_row *row = ph__command_row(command);
        const size_t start = session->lines.length;
        if (row->build) {
            status = row->build(session, command, &session->lines);
            if (status != PH_OK)
                break;
            trace_line(session, command, start);
        }
        session->in_flight++;
        ph__transaction_feed(session);
    }
    return status;
}

static void pend(struct ph__session *session, struct ph__slice slice)
{
    assert(session->pending_count < ph__pending_size);
    session->pending[session->pending_count++] = slice;
}

/* Puts a slice of content behind the others; a short one is copied behind its neighbour. */
static void pend_content(struct ph__session *session, struct ph__slice slice)
{
    struct ph__buffer *gathered = &session->gathered;
    if (slice.length >= ph__gather_below) {
        pend(session, slice);
        return;
    }
    const uint8_t *end = gathered->bytes + gathered->length;
    (void)ph__buffer_append(gathered, slice.bytes, slice.length);
    struct ph__slice *last =
        session->pending_count > 0 ? &session->pending[session->pending_count - 1] : NULL;
    if (last && last->bytes + last->length == end)
        last->length += slice.length;
    else
        pend(session, (struct ph__slice){.bytes = end, .length = slice.length});
}

static bool has_room_for_content(const struct ph__session *session)
{
    return session->pending_count + ph__content_slices_min < ph__pending_size &&
           session->gathered.length + (size_t)ph__content_slices_min * ph__gather_below <=
               ph__gathered_size;
}

static int encode_chunk(struct ph__session *session)
{
    struct ph__content *content = &session->content;
    const int status = ph__buffer_reserve(&session->gathered, ph__gathered_size);
    while (status == PH_OK && content->chunk.length > 0 && has_room_for_content(session)) {
        struct ph__slice slices[ph__content_slices_min];
        size_t used;
        const size_t count =
            ph__content_encode(&content->encoder, content->chunk.bytes, content->chunk.length,
                               slices, ph__content_slices_min, &used);
        for (size_t i = 0; i < count; i++)
            pend_content(session, slices[i]);
        content->chunk.bytes += used;
        content->chunk.length -= used;
    }
    return status;
}

static int build_content(struct ph__session *session)
{
    struct ph__content *content = &session->content;
    ph__buffer_truncate(&session->gathered, 0);
    if (content->chunk.length > 0 && encode_chunk(session) != PH_OK)
        return PH_ERR_NO_MEMORY;
    if (content->encoder.problem) {
        ph__session_content_failed(session, content->encoder.problem);
        return PH_OK;
    }
    if (content->is_last_chunk && content->chunk.length == 0 && !content->end_is_queued) {
        pend(session, session->transaction.sends_no_content ? ph__content_none()
                                                            : ph__content_end(&content->encoder));
        content->end_is_queued = true;
    }
    return PH_OK;
}

static void fill_pending(struct ph__session *session)
{
    session->pending_first = 0;
    session->pending_count = 0;
    session->pending_is_content = ph__session_is_sending_content(session);
    ph__buffer_truncate(&session->lines, 0);
    int status;
    if (session->pending_is_content) {
        status = build_content(session);
    } else {
        status = build_lines(session);
        if (session->lines.length > 0)
            pend(session, (struct ph__slice){.bytes = session->lines.bytes,
                                             .length = session->lines.length});
    }
    if (status != PH_OK)
        ph__session_fail_without_memory(session);
}

size_t ph__session_output(struct ph__session *session, struct ph__slice *slices, size_t max)
{
    if (session->state == PH__STATE_BROKEN || session->state == PH__STATE_AWAITING_TLS)
        return 0;
    if (session->pending_first == session->pending_count)
        fill_pending(session);
    size_t count = 0;
    for (size_t i = session->pending_first; i < session->pending_count && count < max; i++)
        slices[count++] = session->pending[i];
    return count;
}

/* The end of the content has left: from here on its reply is awaited. */
static void content_was_written(struct ph__session *session)
{
    session->content.end_was_written = true;
    session->in_flight = 1;
    if (session->transaction.result)
        ph__session_trace(session, PH_TRACE_SENT, "(content, %llu bytes)",
                          (unsigned long long)session->transaction.result->bytes);
}

void ph__session_wrote(struct ph__session *session, size_t n)
{
    const bool is_content = session->pending_is_content;
    if (is_content && session->transaction.result)
        session->transaction.result->bytes += n;
    while (n > 0 && session->pending_first < session->pending_count) {
        struct ph__slice *first = &session->pending[session->pending_first];
        const size_t taken = n < first->length ? n : first->length;
        first->bytes += taken;
        first->length -= taken;
        n -= taken;
        if (first->length == 0)
            session->pending_first++;
    }
    assert(n == 0);
    if (session->pending_first < session->pending_count)
        return;
    ph__buffer_truncate(&session->lines, 0); /* what was written may be a secret */
    if (is_content && session->content.end_is_queued)
        content_was_written(session);
}

bool ph__session_wants_content(const struct ph__session *session)
{
    return session->state == PH__STATE_OPEN && ph__session_is_sending_content(session) &&
           session->pending_first == session->pending_count && session->content.chunk.length == 0 &&
           !session->content.is_last_chunk;
}

void ph__session_content(struct ph__session *session, const void *bytes, size_t n, bool is_last)
{
    if (!ph__session_wants_content(session))
        return;
    session->content.chunk = (struct ph__slice){.bytes = bytes, .length = n};
    session->content.is_last_chunk = is_last;
}

void ph__session_content_failed(struct ph__session *session, const char *reason)
{
    if (session->state == PH__STATE_BROKEN)
        return;
    (void)ph__error_set(&session->error, PH_ERR_SOURCE, PH_PHASE_BODY,
                        "the message was not sent, since its source failed: %s; the connection is "
                        "dropped so that no part of it is delivered",
                        reason);
    ph__session_break(session);
}
