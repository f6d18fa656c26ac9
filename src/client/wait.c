/* SPDX-License-Identifier: MIT */
/* The poll loop under every blocking call, and what calls leave behind. */
#include <stdio.h>

#include "base/allocator.h"
#include "client/client.h"
#include "transport/tls_info.h"

/* A server's words outlive the connection, which finish closes. */
static void keep_reply(ph_smtp *smtp)
{
    const ph_reply *reply = ph__session_reply(ph__connection_session(smtp->connection));
    if (!reply || ph__reply_assign(&smtp->reply, reply) != PH_OK)
        ph__reply_clear(&smtp->reply);
}

static int conclude(ph_smtp *smtp, const struct ph__event *event)
{
    keep_reply(smtp);
    if (event->status != PH_OK)
        ph__error_copy(&smtp->error, ph__connection_error(smtp->connection));
    return event->status;
}

int ph__client_run(ph_smtp *smtp, bool until_push)
{
    ph_connection *connection = smtp->connection;
    struct pollfd fds[PH_POLLFDS_MAX];
    size_t count = 0;
    for (;;) {
        struct ph__event event;
        ph_connection_process(connection, fds, count, ph_now_ms());
        if (ph__connection_take_event(connection, &event))
            return conclude(smtp, &event);
        if (until_push && ph__connection_wants_push(connection))
            return PH_OK;
        count = ph_connection_pollfds(connection, fds);
        if (poll(fds, (nfds_t)count, ph_connection_poll_timeout(connection, ph_now_ms())) < 0)
            count = 0; /* interrupted: revents say nothing */
    }
}

int ph__client_refused(ph_smtp *smtp, int status)
{
    ph__error_copy(&smtp->error, ph__connection_error(smtp->connection));
    return status;
}

int ph__client_begin(ph_smtp *smtp)
{
    ph__error_clear(&smtp->error);
    ph__reply_clear(&smtp->reply);
    if (!smtp->is_started)
        return ph__error_set(&smtp->error, PH_ERR_STATE, PH_PHASE_NONE,
                             "closed session: %s is not connected; call ph_smtp_start first",
                             smtp->server.address);
    if (smtp->writer.is_open)
        return ph__error_set(&smtp->error, PH_ERR_STATE, PH_PHASE_BODY,
                             "a message is being written; end or abort it first");
    return PH_OK;
}

void ph__client_disconnect(ph_smtp *smtp)
{
    if (smtp->connection) {
        ph__tls_info_free(smtp->allocator, smtp->tls_info);
        smtp->tls_info = ph__connection_take_tls_info(smtp->connection);
    }
    ph_connection_free(smtp->connection);
    smtp->connection = NULL;
    smtp->is_started = false;
    smtp->writer.is_open = false;
    ph__buffer_release(&smtp->writer.buffer);
}
