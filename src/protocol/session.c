/* SPDX-License-Identifier: MIT */
/*
 * The session's engine: bytes in, bytes out, events. Two cursors run over one queue of commands,
 * what may be sent next and what is answered next; pipelining falls out of them. What a command
 * means is in its row of commands.c, not here.
 */
#include "protocol/session.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "base/allocator.h"
#include "base/format.h"
#include "base/secure_wipe.h"
#include "base/utf8.h"
#include "protocol/command_line.h"
#include "protocol/session_state.h"

enum {
    lines_enough = 16 * 1024,
    lines_max = 64 * 1024
};

/* ---- Making and freeing ---------------------------------------------------------------------- */

struct ph__session *ph__session_new(const struct ph__session_config *config)
{
    struct ph__session *session = ph__allocate(config->allocator, sizeof *session);
    if (!session)
        return NULL;
    session->own_allocator = *config->allocator;
    const ph_allocator *allocator = session->allocator = &session->own_allocator;
    session->server = config->server;
    session->trace = config->trace;
    ph__buffer_init(&session->input, allocator, ph__input_max);
    ph__reply_parser_init(&session->parser, allocator, &config->reply_limits);
    ph__reply_init(&session->reply, allocator, config->reply_limits.total_max);
    ph__buffer_init_secret(&session->lines, allocator, lines_max);
    ph__buffer_init(&session->gathered, allocator, ph__gathered_size);
    ph__mechanism_response_init(&session->exchange.response, allocator);
    ph__error_init(&session->error, allocator);
    return session;
}

void ph__session_free(struct ph__session *session)
{
    if (!session)
        return;
    const ph_allocator allocator = session->own_allocator;
    ph__exchange_release(session);
    ph__error_release(&session->error);
    ph__buffer_release(&session->gathered);
    ph__buffer_release(&session->lines);
    ph__reply_release(&session->reply);
    ph__reply_parser_release(&session->parser);
    ph__buffer_release(&session->input);
    ph_capabilities_free(session->capabilities);
    ph__release_secret(&allocator, &session->argument);
    ph__release(&allocator, session->helo);
    ph__release(&allocator, session);
}

/* ---- State, operations, events --------------------------------------------------------------- */

void ph__session_trace(const struct ph__session *session, ph_trace_kind kind, const char *format,
                       ...)
{
    if (!session->trace || !session->trace->line)
        return;
    char line[2048];
    va_list arguments;
    va_start(arguments, format);
    (void)ph__vformat(line, sizeof line, format, arguments);
    va_end(arguments);
    session->trace->line(kind, line, session->trace->user_data);
}

void ph__session_enter(struct ph__session *session, enum ph__session_state state)
{
    static const char *const names[] = {
        [PH__STATE_NEW] = "new",
        [PH__STATE_STARTING] = "starting",
        [PH__STATE_AWAITING_TLS] = "awaiting TLS",
        [PH__STATE_OPEN] = "open",
        [PH__STATE_BROKEN] = "broken",
    };
    ph__session_trace(session, PH_TRACE_INFO, "session: %s, was %s", names[state],
                      names[session->state]);
    session->state = state;
}

void ph__session_emit(struct ph__session *session, enum ph__event_type type, int status)
{
    assert(session->events_count < ph__events_size);
    const size_t slot = (session->events_head + session->events_count++) % ph__events_size;
    session->events[slot] = (struct ph__event){.type = type, .status = status};
}

static bool take_event(struct ph__session *session, struct ph__event *event)
{
    if (session->events_count == 0)
        return false;
    *event = session->events[session->events_head];
    session->events_head = (session->events_head + 1) % ph__events_size;
    session->events_count--;
    return true;
}

static void parse_input(struct ph__session *session);

/* What the server said since the last operation answers nothing that was asked, and must not be
 * taken for the answer to what is asked next. */
static void refuse_leftovers(struct ph__session *session)
{
    while (session->state == PH__STATE_OPEN && session->input_used < session->input.length)
        parse_input(session);
    if (session->state == PH__STATE_BROKEN ||
        !ph__reply_parser_is_midway(&session->parser, &session->reply))
        return;
    (void)ph__error_set(&session->error, PH_ERR_PROTOCOL, PH_PHASE_NONE,
                        "%s sent a part of a reply to nothing that was asked; the session ends",
                        session->server);
    ph__session_break(session);
}

static int tell_broken(struct ph__error *error)
{
    if (error->view.status == PH_ERR_BROKEN)
        return PH_ERR_BROKEN;
    return ph__error_set(error, PH_ERR_BROKEN, error->view.phase,
                         "the session cannot be used any more since it was broken: %s",
                         error->view.message);
}

int ph__session_take_operation(struct ph__session *session, enum ph__session_state needed)
{
    struct ph__error *error = &session->error;
    if (!session->has_operation && session->state == PH__STATE_OPEN)
        refuse_leftovers(session);
    if (session->state == PH__STATE_BROKEN)
        return tell_broken(error);
    if (session->has_operation || session->state != needed)
        return ph__error_set(error, PH_ERR_STATE, PH_PHASE_NONE,
                             session->has_operation ? "another operation is still under way"
                                                    : "the session is not ready for this");
    ph__error_clear(error);
    session->has_reply = false;
    session->has_operation = true;
    return PH_OK;
}

void ph__session_end_operation(struct ph__session *session, enum ph__event_type type, int status)
{
    session->has_operation = false;
    ph__session_emit(session, type, status);
}

void ph__session_break(struct ph__session *session)
{
    assert(ph__error_is_set(&session->error));
    if (session->state == PH__STATE_BROKEN)
        return;
    ph__transaction_broken(session);
    ph__session_enter(session, PH__STATE_BROKEN);
    ph__exchange_release(session);
    session->queue_count = 0;
    session->in_flight = 0;
    session->pending_count = 0;
    ph__buffer_truncate(&session->lines, 0);
    session->has_operation = false;
    session->events_count = 0;
    ph__session_emit(session, PH__EVENT_FAILED, session->error.view.status);
}

/* ---- The queue ------------------------------------------------------------------------------- */

static struct ph__command *queue_at(struct ph__session *session, size_t index)
{
    return &session->queue[(session->queue_head + index) % ph__queue_size];
}

size_t ph__session_queue_room(const struct ph__session *session)
{
    return ph__queue_size - session->queue_count;
}

void ph__session_queue(struct ph__session *session, unsigned kind, size_t recipient)
{
    assert(session->queue_count < ph__queue_size);
    *queue_at(session, session->queue_count++) =
        (struct ph__command){.kind = kind, .recipient = (uint32_t)recipient};
}

void ph__session_drop_unsent(struct ph__session *session)
{
    session->queue_count = session->in_flight;
}

static struct ph__command pop(struct ph__session *session)
{
    assert(session->in_flight > 0);
    const struct ph__command command = *queue_at(session, 0);
    session->queue_head = (session->queue_head + 1) % ph__queue_size;
    session->queue_count--;
    session->in_flight--;
    return command;
}

static bool is_sending_content(const struct ph__session *session)
{
    return session->in_flight == 0 && session->queue_count > 0 &&
           session->queue[session->queue_head].kind == PH__CMD_CONTENT;
}

/* ---- Output ---------------------------------------------------------------------------------- */

static void fail_without_memory(struct ph__session *session)
{
    (void)ph__error_set(&session->error, PH_ERR_NO_MEMORY, ph__session_phase(session),
                        "out of memory");
    ph__session_break(session);
}

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
        queue_at(session, session->in_flight)->kind == PH__CMD_CONTENT)
        return false;
    return session->in_flight == 0 ||
           (session->has_pipelining &&
            !ph__command_row(queue_at(session, session->in_flight - 1))->ends_group);
}

static int build_lines(struct ph__session *session)
{
    int status = PH_OK;
    while (status == PH_OK && may_send(session)) {
        const struct ph__command *command = queue_at(session, session->in_flight);
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
    session->pending_is_content = is_sending_content(session);
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
        fail_without_memory(session);
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
    return session->state == PH__STATE_OPEN && is_sending_content(session) &&
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

/* ---- Input ----------------------------------------------------------------------------------- */

int ph__session_receive(struct ph__session *session, const void *bytes, size_t n)
{
    if (session->state == PH__STATE_BROKEN)
        return session->error.view.status;
    if (n == 0)
        return PH_OK;
    if (session->state == PH__STATE_AWAITING_TLS) {
        (void)ph__error_set(&session->error, PH_ERR_PROTOCOL, PH_PHASE_STARTTLS,
                            "%s sent data between its reply to STARTTLS and the TLS handshake; "
                            "somebody on the way may be injecting it, so the session ends",
                            session->server);
        ph__session_break(session);
        return PH_ERR_PROTOCOL;
    }
    ph__buffer_consume(&session->input, session->input_used);
    session->input_used = 0;
    const int status = ph__buffer_append(&session->input, bytes, n);
    if (status == PH_OK)
        return PH_OK;
    if (status == PH_ERR_NO_MEMORY) {
        fail_without_memory(session);
    } else {
        (void)ph__error_set(&session->error, PH_ERR_PROTOCOL, ph__session_phase(session),
                            "%s sends without end", session->server);
        ph__session_break(session);
    }
    return session->error.view.status;
}

static void trace_reply(const struct ph__session *session, bool is_secret)
{
    if (!session->trace || !session->trace->line)
        return;
    const ph_reply *reply = &session->reply;
    const char *line = (const char *)reply->lines.bytes;
    for (size_t i = 0; i < reply->line_count; i++, line += strlen(line) + 1) {
        char shown[1024];
        if (is_secret && !session->trace->shows_secrets)
            (void)ph__format(shown, sizeof shown, "%.3s <redacted>", line);
        else
            (void)ph__escape(shown, sizeof shown, line, strlen(line));
        session->trace->line(PH_TRACE_RECEIVED, shown, session->trace->user_data);
    }
}

/* A reply that answers nothing: the server gives up, or it and we no longer talk of the same. */
static void handle_unasked(struct ph__session *session)
{
    const struct ph__command content = {.kind = PH__CMD_CONTENT};
    const ph_reply *reply = &session->reply;
    char text[300];
    (void)ph__escape(text, sizeof text, ph_reply_message(reply), strlen(ph_reply_message(reply)));
    if (is_sending_content(session) && reply->code >= 400) {
        session->has_reply = true;
        (void)ph__session_refused(session, &content, reply);
        ph__error_add(&session->error, " (said before the message had ended)");
    } else if (reply->code == 421) {
        session->has_reply = true;
        (void)ph__error_set(&session->error, PH_ERR_SERVER_BUSY, PH_PHASE_NONE,
                            "%s ended the session: %s; start a new one", session->server, text);
        ph__error_set_reply(&session->error, reply->code, ph_reply_enhanced_code(reply),
                            ph_reply_text(reply));
    } else {
        (void)ph__error_set(&session->error, PH_ERR_PROTOCOL, ph__session_phase(session),
                            "%s sent a reply to nothing that was asked (%s); replies can no longer "
                            "be told apart, so the session ends",
                            session->server, text);
    }
    ph__session_break(session);
}

static void handle_reply(struct ph__session *session)
{
    session->reply_count++;
    if (session->in_flight == 0) {
        trace_reply(session, false);
        handle_unasked(session);
        return;
    }
    const struct ph__command command = pop(session);
    const ph_phase phase = ph__command_row(&command)->phase;
    trace_reply(session, session->reply.code == 334 &&
                             (phase == PH_PHASE_AUTH || phase == PH_PHASE_COMMAND));
    session->has_reply = true;
    ph__command_row(&command)->answered(session, &command, &session->reply);
}

static void handle_malformed(struct ph__session *session)
{
    char line[200];
    (void)ph__escape(line, sizeof line, session->parser.line.bytes, session->parser.line.length);
    (void)ph__error_set(&session->error, PH_ERR_PROTOCOL, ph__session_phase(session),
                        "%s sent %s (\"%s\"); check that an SMTP server listens there",
                        session->server, session->parser.problem, line);
    ph__session_break(session);
}

/* Takes one reply from the input, if there is a whole one. */
static void parse_input(struct ph__session *session)
{
    struct ph__buffer *input = &session->input;
    size_t used;
    const enum ph__parse outcome =
        ph__reply_parse(&session->parser, input->bytes + session->input_used,
                        input->length - session->input_used, &session->reply, &used);
    session->input_used += used;
    switch (outcome) {
    case PH__PARSE_CONSUMED:
        handle_reply(session);
        break;
    case PH__PARSE_NEED_MORE:
        break;
    case PH__PARSE_MALFORMED:
        handle_malformed(session);
        break;
    case PH__PARSE_NO_MEMORY:
        fail_without_memory(session);
        break;
    }
}

bool ph__session_next_event(struct ph__session *session, struct ph__event *event)
{
    while (session->events_count == 0 && session->state != PH__STATE_BROKEN &&
           session->input_used < session->input.length)
        parse_input(session);
    if (take_event(session, event)) {
        if (event->type == PH__EVENT_FAILED) /* a call in between may have told it already */
            event->status = session->error.view.status;
        return true;
    }
    *event = (struct ph__event){.type = PH__EVENT_NONE};
    return false;
}

void ph__session_end_of_input(struct ph__session *session)
{
    if (session->state == PH__STATE_BROKEN)
        return;
    const ph_phase phase = ph__session_phase(session);
    const bool is_midway = ph__reply_parser_is_midway(&session->parser, &session->reply);
    (void)ph__error_set(&session->error, PH_ERR_CLOSED, phase, "%s closed the connection%s%s",
                        session->server, is_midway ? " in the middle of a reply" : "",
                        phase == PH_PHASE_GREETING ? " instead of greeting" : "");
    ph__session_break(session);
}

void ph__session_fail(struct ph__session *session, const struct ph__error *error)
{
    if (session->state == PH__STATE_BROKEN)
        return;
    ph__error_copy(&session->error, error);
    ph__session_break(session);
}

/* ---- Questions ------------------------------------------------------------------------------- */

const struct ph__error *ph__session_error(const struct ph__session *session)
{
    return &session->error;
}

const ph_reply *ph__session_reply(const struct ph__session *session)
{
    return session->has_reply && ph__reply_is_set(&session->reply) ? &session->reply : NULL;
}

const ph_capabilities *ph__session_capabilities(const struct ph__session *session)
{
    return session->capabilities;
}

const char *ph__session_notice(const struct ph__session *session)
{
    return session->notice[0] != '\0' ? session->notice : NULL;
}

bool ph__session_is_broken(const struct ph__session *session)
{
    return session->state == PH__STATE_BROKEN;
}

bool ph__session_is_secure(const struct ph__session *session)
{
    return session->is_secure;
}

bool ph__session_awaits_reply(const struct ph__session *session)
{
    return session->in_flight > 0;
}

uint64_t ph__session_reply_count(const struct ph__session *session)
{
    return session->reply_count;
}

bool ph__session_is_idle(const struct ph__session *session)
{
    return session->queue_count == 0 && session->pending_first == session->pending_count;
}

ph_phase ph__session_phase(const struct ph__session *session)
{
    if (session->state == PH__STATE_AWAITING_TLS)
        return PH_PHASE_TLS;
    if (session->queue_count == 0)
        return PH_PHASE_NONE;
    return ph__command_row(&session->queue[session->queue_head])->phase;
}
