/* SPDX-License-Identifier: MIT */
/*
 * The messages of a connection: a ring of slots, as many as may wait or be under way. They reach
 * the session, and their ends reach the program, in the order in which they were added.
 */
#include "base/allocator.h"
#include "base/ring.h"
#include "connection/connection_state.h"

enum {
    slots_min = 2 /* one under way, and one whose envelope leaves with its end */
};

static struct ph__slot *slot_at(const ph_connection *connection, size_t index)
{
    return &connection->slots[ph__ring_at(connection->slots_head, index, connection->slots_size)];
}

/* The session knows a message by its place, which stays when the ring grows. */
static void *tag_of(const ph_connection *connection, const struct ph__slot *slot)
{
    return (void *)(uintptr_t)(slot - connection->slots + 1);
}

struct ph__slot *ph__messages_slot(const ph_connection *connection, const void *tag)
{
    return tag ? &connection->slots[(uintptr_t)tag - 1] : NULL;
}

static uint32_t slots_max(const ph_connection *connection)
{
    const uint32_t window = connection->server->window;
    return window > slots_min ? window : slots_min;
}

static bool has_ended(const ph_connection *connection)
{
    return connection->stage == PH__STAGE_CLOSED || connection->wants_quit;
}

/* ---- Adding ---------------------------------------------------------------------------------- */

/* One is enough for who sends one message after the other. A ring of one that grows begins with
 * its only slot. */
static int make_room(ph_connection *connection)
{
    const uint32_t old_size = connection->slots_size;
    if (connection->message_count < old_size)
        return PH_OK;
    const uint32_t size = old_size == 0 ? 1 : slots_max(connection);
    struct ph__slot *grown = ph__reallocate_array(connection->allocator, connection->slots, size,
                                                  sizeof *connection->slots);
    if (!grown)
        return PH_ERR_NO_MEMORY;
    for (size_t i = old_size; i < size; i++)
        grown[i] = (struct ph__slot){.result = NULL};
    connection->slots = grown;
    connection->slots_size = size;
    return PH_OK;
}

static int prepare_result(const ph_connection *connection, struct ph__slot *slot,
                          const struct ph__envelope *envelope)
{
    if (slot->result)
        return ph__result_reset(slot->result, envelope);
    slot->result = ph__result_new(connection->allocator, envelope);
    return slot->result ? PH_OK : PH_ERR_NO_MEMORY;
}

int ph_connection_send(ph_connection *connection, ph_message *message, void *user_data)
{
    if (has_ended(connection))
        return PH_ERR_STATE;
    if (ph_connection_room(connection) == 0)
        return PH_ERR_FULL;
    if (make_room(connection) != PH_OK)
        return PH_ERR_NO_MEMORY;
    struct ph__slot *slot = slot_at(connection, connection->message_count);
    if (prepare_result(connection, slot, &message->envelope) != PH_OK)
        return PH_ERR_NO_MEMORY;
    slot->state = PH__SLOT_WAITING;
    slot->message = message;
    slot->user_data = user_data;
    connection->message_count++;
    connection->has_work = true;
    return PH_OK;
}

size_t ph_connection_room(const ph_connection *connection)
{
    if (has_ended(connection))
        return 0;
    return slots_max(connection) - connection->message_count;
}

/* ---- Sending --------------------------------------------------------------------------------- */

static void submit(ph_connection *connection, struct ph__slot *slot)
{
    const struct ph__outgoing outgoing = {
        .envelope = &slot->message->envelope,
        .result = slot->result,
        .tag = tag_of(connection, slot),
        .is_repeatable = slot->message->source.kind == PH__SOURCE_MEMORY,
    };
    slot->state = PH__SLOT_SUBMITTED;
    if (ph__session_send(connection->session, &outgoing) != PH_OK)
        slot->state = PH__SLOT_DONE; /* its result says why */
}

/* QUIT, once nothing is left before it. */
static void submit_quit(ph_connection *connection)
{
    if (connection->message_count > 0 || connection->is_commanded || connection->has_quit)
        return;
    connection->has_quit = true;
    connection->is_commanded = true;
    if (ph__session_command(connection->session, PH__SINGLE_QUIT, NULL) == PH_OK)
        return;
    ph__error_copy(&connection->error, ph__session_error(connection->session));
    ph__connection_fail(connection);
}

void ph__messages_submit(ph_connection *connection)
{
    if (!connection->is_ready || connection->stage != PH__STAGE_OPEN || connection->is_commanded)
        return;
    while (connection->submitted_count < connection->message_count) {
        struct ph__slot *slot = slot_at(connection, connection->submitted_count);
        if (slot->state == PH__SLOT_WAITING) {
            if (ph__session_room(connection->session) == 0)
                return;
            submit(connection, slot);
        }
        connection->submitted_count++;
    }
    if (connection->wants_quit)
        submit_quit(connection);
}

struct ph__source *ph__messages_source(ph_connection *connection)
{
    bool from_start; /* memory alone is asked for again, and always begins there */
    if (!ph__session_wants_content(connection->session))
        return NULL;
    const void *tag = ph__session_content_tag(connection->session, &from_start);
    const struct ph__slot *slot = ph__messages_slot(connection, tag);
    return slot ? &slot->message->source : connection->source;
}

/* ---- Ending ---------------------------------------------------------------------------------- */

/* Ends a message that the session never saw. */
static void drop(struct ph__slot *slot, const struct ph__error *error)
{
    ph__result_note_error(slot->result, error);
    slot->state = PH__SLOT_DONE;
}

static void cancel_waiting(const ph_connection *connection, struct ph__slot *slot)
{
    struct ph__error error;
    ph__error_init(&error, connection->allocator);
    (void)ph__error_set(&error, PH_ERR_CANCELLED, PH_PHASE_NONE,
                        "the message was cancelled before its turn");
    drop(slot, &error);
    ph__error_release(&error);
}

/* @return PH_OK or PH_ERR_STATE */
static int take_back(ph_connection *connection, struct ph__slot *slot)
{
    if (slot->state == PH__SLOT_SUBMITTED)
        return ph__session_cancel(connection->session, tag_of(connection, slot));
    cancel_waiting(connection, slot);
    return PH_OK;
}

int ph_connection_cancel(ph_connection *connection, const ph_message *message)
{
    for (size_t i = 0; i < connection->message_count; i++) {
        struct ph__slot *slot = slot_at(connection, i);
        if (slot->message != message || slot->state == PH__SLOT_DONE)
            continue;
        connection->has_work = true;
        if (take_back(connection, slot) == PH_OK)
            return PH_OK;
    }
    return PH_ERR_STATE;
}

static void drop_waiting(ph_connection *connection)
{
    struct ph__error error;
    ph__error_init(&error, connection->allocator);
    const bool is_for_message = ph__session_broke_for_message(connection->session);
    (void)ph__error_set(
        &error, is_for_message ? PH_ERR_CLOSED : connection->error.view->status, PH_PHASE_NONE,
        "the message was not sent, since the connection ended before its turn%s: %s",
        is_for_message ? ", because of another" : "", connection->error.view->message);
    for (size_t i = connection->submitted_count; i < connection->message_count; i++) {
        struct ph__slot *slot = slot_at(connection, i);
        if (slot->state == PH__SLOT_WAITING)
            drop(slot, &error);
    }
    ph__error_release(&error);
}

void ph__messages_end(ph_connection *connection)
{
    if (connection->submitted_count < connection->message_count)
        drop_waiting(connection);
    /* What became of the others their results say already. */
    for (size_t i = 0; i < connection->message_count; i++)
        slot_at(connection, i)->state = PH__SLOT_DONE;
    connection->submitted_count = connection->message_count;
}

bool ph__messages_are_done(const ph_connection *connection)
{
    return connection->message_count > 0 && slot_at(connection, 0)->state == PH__SLOT_DONE;
}

bool ph__messages_pull(ph_connection *connection, ph_event *event)
{
    if (!ph__messages_are_done(connection))
        return false;
    const struct ph__slot *slot = slot_at(connection, 0);
    const ph_error *error = ph_result_error(slot->result);
    connection->event_error = error;
    *event = (ph_event){.type = PH_EVENT_MESSAGE_DONE,
                        .status = error ? error->status : PH_OK,
                        .message = slot->message,
                        .result = slot->result,
                        .user_data = slot->user_data};
    connection->slots_head =
        (uint32_t)ph__ring_next(connection->slots_head, connection->slots_size);
    connection->message_count--;
    if (connection->submitted_count > 0)
        connection->submitted_count--;
    return true;
}

void ph__messages_free(ph_connection *connection)
{
    for (size_t i = 0; i < connection->slots_size; i++)
        ph_result_free(connection->slots[i].result);
    ph__release(connection->allocator, connection->slots);
}
