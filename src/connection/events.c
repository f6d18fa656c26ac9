/* SPDX-License-Identifier: MIT */
/*
 * What a connection tells its program, pulled or handed to it, and the commands that a program
 * gives beside its messages. All that is told comes from input that was received before: telling
 * reads nothing, and writes only when there is nothing more to tell.
 */
#include "base/allocator.h"
#include "connection/connection_state.h"

/* ---- Translating ----------------------------------------------------------------------------- */

static bool tell(ph_connection *connection, ph_event *event, ph_event_type type, int status,
                 const struct ph__error *error)
{
    *event = (ph_event){.type = type, .status = status};
    connection->event_error = status == PH_OK ? NULL : error->view;
    return true;
}

static bool tell_end(ph_connection *connection, ph_event *event)
{
    if (connection->has_told_end)
        return false;
    connection->has_told_end = true;
    const int status = connection->has_quit ? PH_OK : (int)connection->error.view->status;
    return tell(connection, event, PH_EVENT_CLOSED, status, &connection->error);
}

static bool tell_command(ph_connection *connection, ph_event *event, int status)
{
    connection->is_commanded = false;
    if (!connection->has_quit)
        return tell(connection, event, PH_EVENT_COMMAND_DONE, status,
                    ph__session_error(connection->session));
    ph__connection_shut(connection);
    return false;
}

/* Turns the session's event into the program's. @return it is one */
static bool translate(ph_connection *connection, ph_event *event)
{
    const struct ph__event given = connection->event;
    connection->event.type = PH__EVENT_NONE;
    switch (given.type) {
    case PH__EVENT_READY:
        connection->is_ready = true;
        ph__release(connection->allocator, connection->host); /* no handshake comes any more */
        connection->host = NULL;
        return tell(connection, event, PH_EVENT_READY, PH_OK, NULL);
    case PH__EVENT_COMMAND_DONE:
        return tell_command(connection, event, given.status);
    case PH__EVENT_MESSAGE_DONE:
        ph__messages_slot(connection, given.tag)->state = PH__SLOT_DONE;
        break;
    case PH__EVENT_FAILED: /* the stage says it */
    case PH__EVENT_START_TLS:
    case PH__EVENT_NONE:
        break;
    }
    return false;
}

/* @return there was an event in what was received so far */
static bool pull(ph_connection *connection, ph_event *event)
{
    for (;;) {
        if (ph__messages_pull(connection, event))
            return true;
        if (connection->event.type == PH__EVENT_NONE && ph__connection_drain_events(connection))
            ph__connection_begin_handshake(connection, connection->now_ms);
        if (connection->event.type == PH__EVENT_NONE)
            break;
        if (translate(connection, event))
            return true;
    }
    if (connection->stage != PH__STAGE_CLOSED)
        return false;
    ph__messages_end(connection);
    return ph__messages_pull(connection, event) || tell_end(connection, event);
}

/* ---- Telling --------------------------------------------------------------------------------- */

/* Gives back what is not needed while nothing is under way. */
static void rest(ph_connection *connection)
{
    if (connection->has_rested || !connection->is_ready)
        return;
    ph__session_rest(connection->session);
    connection->has_rested = true; /* what messages need they will need again */
}

static bool advance(ph_connection *connection, ph_event *event)
{
    if (pull(connection, event))
        return true;
    if (!connection->has_work && !connection->may_have_output)
        return false;
    connection->has_work = false;
    ph__messages_submit(connection);
    if (connection->stage == PH__STAGE_OPEN)
        ph__connection_write(connection, connection->now_ms);
    if (connection->message_count == 0)
        rest(connection);
    return pull(connection, event);
}

bool ph_connection_next_event(ph_connection *connection, ph_event *event)
{
    return !connection->handler && advance(connection, event);
}

void ph__events_deliver(ph_connection *connection)
{
    ph_event event;
    while (connection->handler && !connection->is_freed && advance(connection, &event))
        connection->handler(connection, &event, connection->handler_data);
}

bool ph__events_are_due(const ph_connection *connection)
{
    if (connection->stage == PH__STAGE_CLOSED)
        return !connection->has_told_end;
    return connection->has_work || connection->event.type != PH__EVENT_NONE ||
           ph__messages_are_done(connection);
}

void ph_connection_set_handler(ph_connection *connection, ph_event_fn handler, void *user_data)
{
    connection->handler = handler;
    connection->handler_data = user_data;
}

/* ---- Commands -------------------------------------------------------------------------------- */

static int command(ph_connection *connection, enum ph__single single)
{
    if (!connection->is_ready || connection->stage != PH__STAGE_OPEN || connection->wants_quit ||
        connection->is_commanded || connection->message_count > 0)
        return PH_ERR_STATE;
    const int status = ph__session_command(connection->session, single, NULL);
    connection->has_work = true;
    connection->is_commanded = status == PH_OK;
    return status == PH_OK || status == PH_ERR_NO_MEMORY ? status : PH_ERR_STATE;
}

int ph_connection_noop(ph_connection *connection)
{
    return command(connection, PH__SINGLE_NOOP);
}

int ph_connection_reset(ph_connection *connection)
{
    return command(connection, PH__SINGLE_RSET);
}

int ph_connection_quit(ph_connection *connection)
{
    if (connection->stage == PH__STAGE_CLOSED)
        return PH_ERR_STATE;
    connection->wants_quit = true;
    connection->has_work = true;
    return PH_OK;
}

void ph_connection_close(ph_connection *connection)
{
    if (connection->stage == PH__STAGE_CLOSED)
        return;
    (void)ph__error_set(&connection->error, PH_ERR_CANCELLED,
                        ph__session_phase(connection->session),
                        "the program closed the connection to %s", connection->server->address);
    ph__connection_fail(connection);
}

/* ---- Questions ------------------------------------------------------------------------------- */

const ph_error *ph_connection_error(const ph_connection *connection)
{
    const bool has_failed =
        connection->stage == PH__STAGE_CLOSED && ph__error_is_set(&connection->error);
    return has_failed ? connection->error.view : connection->event_error;
}

const ph_reply *ph_connection_reply(const ph_connection *connection)
{
    return ph__session_reply(connection->session);
}

const char *ph_connection_notice(const ph_connection *connection)
{
    return ph__session_notice(connection->session);
}

const ph_capabilities *ph_connection_capabilities(const ph_connection *connection)
{
    return connection->is_ready ? ph__session_capabilities(connection->session) : NULL;
}

const ph_tls_info *ph_connection_tls_info(const ph_connection *connection)
{
    return connection->tls_info;
}

uint64_t ph_connection_round_trips(const ph_connection *connection)
{
    return connection->round_trips;
}
