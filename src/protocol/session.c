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

/* ---- Making and freeing ---------------------------------------------------------------------- */

struct ph__session *ph__session_new(const struct ph__session_config *config)
{
    struct ph__session *session = ph__allocate(config->allocator, sizeof *session);
    if (!session)
        return NULL;
    const ph_allocator *allocator = config->allocator;
    session->config = config;
    ph__buffer_init(&session->input, allocator, ph__input_max);
    ph__reply_parser_init(&session->parser, allocator, &config->reply_limits);
    ph__reply_init(&session->reply, allocator, config->reply_limits.total_max);
    ph__buffer_init(&session->staging, allocator, ph__staging_max);
    ph__error_init(&session->error, allocator);
    session->queue_size = ph__queue_size_min;
    session->queue =
        ph__reallocate_array(allocator, NULL, ph__queue_size_min, sizeof(struct ph__command));
    if (session->queue)
        return session;
    ph__session_free(session);
    return NULL;
}

void ph__session_free(struct ph__session *session)
{
    if (!session)
        return;
    const ph_allocator *allocator = session->config->allocator;
    ph__exchange_release(session);
    ph__error_release(&session->error);
    session->staging.is_secret = true; /* it may hold what was to be sent next */
    ph__buffer_release(&session->staging);
    ph__reply_release(&session->reply);
    ph__reply_parser_release(&session->parser);
    ph__buffer_release(&session->input);
    ph_capabilities_free(session->capabilities);
    ph__release_secret(allocator, &session->argument);
    ph__release(allocator, session->notice);
    ph__release(allocator, session->opening);
    ph__release(allocator, session->transactions);
    ph__release(allocator, session->pending);
    ph__release(allocator, session->queue);
    ph__release(allocator, session);
}

void ph__session_rest(struct ph__session *session)
{
    if (session->input_used < session->input.length || session->queue_count > 0 ||
        session->pending_first < session->pending_count ||
        ph__reply_parser_is_midway(&session->parser, &session->reply))
        return;
    session->input_used = 0;
    session->has_reply = false;
    ph__buffer_release(&session->input);
    session->staging.is_secret = true; /* it may hold a login */
    ph__buffer_release(&session->staging);
    ph__release(session->config->allocator, session->pending);
    session->pending = NULL;
    session->pending_size = session->pending_count = session->pending_first = 0;
    ph__reply_parser_release(&session->parser);
    ph__reply_release(&session->reply);
}

/* ---- State, operations, events --------------------------------------------------------------- */

void ph__session_trace(const struct ph__session *session, ph_trace_kind kind, const char *format,
                       ...)
{
    if (!session->config->trace || !session->config->trace->line)
        return;
    char line[2048];
    va_list arguments;
    va_start(arguments, format);
    (void)ph__vformat(line, sizeof line, format, arguments);
    va_end(arguments);
    session->config->trace->line(kind, line, session->config->trace->user_data);
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

/* Nothing is parsed while an event stands, so there is never a second one. */
void ph__session_emit(struct ph__session *session, enum ph__event_type type, int status)
{
    assert(session->event == PH__EVENT_NONE);
    session->event = type;
    session->event_status = status;
}

void ph__session_take_event(struct ph__session *session, struct ph__event *event)
{
    if (ph__transactions_take_ended(session, event))
        return;
    *event = (struct ph__event){.type = session->event, .status = session->event_status};
    session->event = PH__EVENT_NONE;
}

bool ph__session_has_event(const struct ph__session *session)
{
    return session->event != PH__EVENT_NONE ||
           (session->transactions_count > 0 && ph__transaction_at(session, 0)->is_ended);
}

static int tell_broken(struct ph__error *error)
{
    if (error->view->status == PH_ERR_BROKEN)
        return PH_ERR_BROKEN;
    return ph__error_set(error, PH_ERR_BROKEN, error->view->phase,
                         "the session cannot be used any more since it was broken: %s",
                         error->view->message);
}

int ph__session_take_operation(struct ph__session *session, enum ph__session_state needed)
{
    struct ph__error *error = &session->error;
    const bool is_busy = session->has_operation || session->transactions_count > 0;
    if (!is_busy && session->state == PH__STATE_OPEN) {
        ph__session_refuse_leftovers(session);
        ph__session_end_dismissed(session);
    }
    if (session->state == PH__STATE_BROKEN)
        return tell_broken(error);
    if (is_busy || session->state != needed)
        return ph__error_set(error, PH_ERR_STATE, PH_PHASE_NONE,
                             is_busy ? "another operation is still under way"
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
    ph__session_break_for(session, NULL);
}

void ph__session_break_for(struct ph__session *session, const struct ph__transaction *culprit)
{
    assert(ph__error_is_set(&session->error));
    if (session->state == PH__STATE_BROKEN)
        return;
    session->broke_for_message = culprit != NULL;
    ph__transactions_broken(session, culprit);
    ph__session_enter(session, PH__STATE_BROKEN);
    ph__exchange_release(session);
    session->queue_count = 0;
    session->built_count = 0;
    session->in_flight = 0;
    session->pending_first = 0;
    session->pending_count = 0;
    session->staging.is_secret = true;
    ph__buffer_truncate(&session->staging, 0);
    session->has_operation = false;
    session->event = PH__EVENT_NONE; /* the failure is told in its place */
    ph__session_emit(session, PH__EVENT_FAILED, session->error.view->status);
}

void ph__session_fail_without_memory(struct ph__session *session)
{
    (void)ph__error_set(&session->error, PH_ERR_NO_MEMORY, ph__session_phase(session),
                        "out of memory");
    ph__session_break(session);
}

/* ---- The queue ------------------------------------------------------------------------------- */

struct ph__command *ph__session_queue_at(const struct ph__session *session, size_t index)
{
    return &session->queue[(session->queue_head + index) & (session->queue_size - 1)];
}

static uint32_t queue_size_max(const struct ph__session *session)
{
    uint32_t size = ph__queue_size_max;
    while (size < session->window * ph__queue_size_per_transaction)
        size *= 2;
    return size;
}

/* Without memory the queue stays as it is, which is slower and no failure. */
static void grow_queue(struct ph__session *session)
{
    const uint32_t size = 2 * session->queue_size;
    if (size > queue_size_max(session))
        return;
    struct ph__command *queue =
        ph__reallocate_array(session->config->allocator, NULL, size, sizeof *queue);
    if (!queue)
        return;
    for (size_t i = 0; i < session->queue_count; i++)
        queue[i] = *ph__session_queue_at(session, i);
    ph__release(session->config->allocator, session->queue);
    session->queue = queue;
    session->queue_size = size;
    session->queue_head = 0;
}

/* One place stays free for what a handler queues in answer to a reply. */
bool ph__session_has_room_to_queue(struct ph__session *session, size_t n)
{
    if (session->queue_count + n + 1 > session->queue_size)
        grow_queue(session);
    return session->queue_count + n + 1 <= session->queue_size;
}

void ph__session_queue(struct ph__session *session, unsigned kind)
{
    ph__session_append(session, (struct ph__command){.kind = (uint8_t)kind});
}

void ph__session_append(struct ph__session *session, struct ph__command command)
{
    assert(session->queue_count < session->queue_size);
    *ph__session_queue_at(session, session->queue_count++) = command;
}

struct ph__command ph__session_pop(struct ph__session *session)
{
    assert(session->in_flight > 0);
    const struct ph__command command = *ph__session_queue_at(session, 0);
    session->queue_head = (session->queue_head + 1) & (session->queue_size - 1);
    session->queue_count--;
    session->built_count--;
    session->in_flight--;
    return command;
}

bool ph__session_is_sending_content(const struct ph__session *session)
{
    if (session->in_flight == session->queue_count)
        return false;
    const struct ph__command *command = ph__session_queue_at(session, session->in_flight);
    if (command->kind != PH__CMD_BDAT)
        return command->kind == PH__CMD_CONTENT;
    return session->in_flight < session->built_count ||
           ph__transaction_of(session, command)->content.bdat_is_begun;
}

/* ---- Questions ------------------------------------------------------------------------------- */

const struct ph__error *ph__session_error(const struct ph__session *session)
{
    return &session->error;
}

const ph_reply *ph__session_reply(const struct ph__session *session)
{
    return session->has_reply ? ph__reply_in(&session->reply) : NULL;
}

const ph_capabilities *ph__session_capabilities(const struct ph__session *session)
{
    return session->capabilities;
}

const char *ph__session_notice(const struct ph__session *session)
{
    return session->notice;
}

bool ph__session_is_broken(const struct ph__session *session)
{
    return session->state == PH__STATE_BROKEN;
}

bool ph__session_broke_for_message(const struct ph__session *session)
{
    return session->broke_for_message;
}

bool ph__session_is_secure(const struct ph__session *session)
{
    return session->is_secure;
}

bool ph__session_awaits_reply(const struct ph__session *session)
{
    return session->in_flight > 0;
}

uint32_t ph__session_reply_count(const struct ph__session *session)
{
    return session->reply_count;
}

unsigned ph__session_features_refused(const struct ph__session *session)
{
    return session->refuses_chunking ? PH_FEATURE_CHUNKING : 0;
}

/* What the server does not answer, or take, is the first command: it may have been thrown away with
 * the rest of what came at once. If it is a chunk, those that are in flight behind it are not what
 * the server stumbles over. */
unsigned ph__session_features_in_use(const struct ph__session *session)
{
    if (session->queue_count == 0)
        return 0;
    const struct ph__command *first = ph__session_queue_at(session, 0);
    const bool is_pipelined =
        first->is_pipelined || (session->in_flight > 1 && first->kind != PH__CMD_CONTENT);
    unsigned features = is_pipelined ? PH_FEATURE_PIPELINING : 0;
    if (first->is_overlapped)
        features |= PH_FEATURE_OVERLAP;
    if (first->kind == PH__CMD_BDAT)
        features = PH_FEATURE_CHUNKING;
    for (size_t i = 1; i < session->in_flight; i++) {
        if (ph__session_queue_at(session, i)->slot != first->slot)
            features |= PH_FEATURE_OVERLAP;
    }
    return features;
}

ph_phase ph__session_phase(const struct ph__session *session)
{
    if (session->state == PH__STATE_AWAITING_TLS)
        return PH_PHASE_TLS;
    if (session->queue_count == 0)
        return PH_PHASE_NONE;
    return ph__command_row(ph__session_queue_at(session, 0))->phase;
}
