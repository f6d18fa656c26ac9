/* SPDX-License-Identifier: MIT */
/*
 * The session's frame: its life, its state, its queue of commands and its events. Bytes go out in
 * session_output.c and come in in session_input.c; what a command means is in its row of
 * commands.c.
 */
#include "protocol/session.h"

#include <assert.h>
#include <stdarg.h>

#include "base/allocator.h"
#include "base/format.h"
#include "base/secure_wipe.h"
#include "protocol/session_state.h"

enum {
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

bool ph__session_take_event(struct ph__session *session, struct ph__event *event)
{
    if (session->events_count == 0)
        return false;
    *event = session->events[session->events_head];
    session->events_head = (session->events_head + 1) % ph__events_size;
    session->events_count--;
    return true;
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
        ph__session_refuse_leftovers(session);
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

void ph__session_fail_without_memory(struct ph__session *session)
{
    (void)ph__error_set(&session->error, PH_ERR_NO_MEMORY, ph__session_phase(session),
                        "out of memory");
    ph__session_break(session);
}

/* ---- The queue ------------------------------------------------------------------------------- */

struct ph__command *ph__session_queue_at(struct ph__session *session, size_t index)
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
    *ph__session_queue_at(session, session->queue_count++) =
        (struct ph__command){.kind = kind, .recipient = (uint32_t)recipient};
}

void ph__session_drop_unsent(struct ph__session *session)
{
    session->queue_count = session->in_flight;
}

struct ph__command ph__session_pop(struct ph__session *session)
{
    assert(session->in_flight > 0);
    const struct ph__command command = *ph__session_queue_at(session, 0);
    session->queue_head = (session->queue_head + 1) % ph__queue_size;
    session->queue_count--;
    session->in_flight--;
    return command;
}

bool ph__session_is_sending_content(const struct ph__session *session)
{
    return session->in_flight == 0 && session->queue_count > 0 &&
           session->queue[session->queue_head].kind == PH__CMD_CONTENT;
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
