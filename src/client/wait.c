/* SPDX-License-Identifier: MIT */
/* The poll loop under every blocking call, and what calls leave behind. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "base/allocator.h"
#include "client/client.h"
#include "transport/tls_info.h"

uint64_t ph__client_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}

static int poll_timeout(uint64_t deadline, uint64_t now_ms)
{
    if (deadline == PH__NO_DEADLINE)
        return -1;
    const uint64_t rest = deadline > now_ms ? deadline - now_ms : 0;
    return rest > INT_MAX ? INT_MAX : (int)rest;
}

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
    struct ph__connection *connection = smtp->connection;
    struct pollfd fds[ph__pollfds_max];
    size_t count = 0;
    for (;;) {
        uint64_t now_ms = ph__client_now();
        struct ph__event event;
        ph__connection_process(connection, fds, count, now_ms);
        if (ph__connection_take_event(connection, &event))
            return conclude(smtp, &event);
        if (until_push && ph__connection_wants_push(connection))
            return PH_OK;
        count = ph__connection_pollfds(connection, fds);
        now_ms = ph__client_now();
        const int timeout = poll_timeout(ph__connection_deadline(connection, now_ms), now_ms);
        if (poll(fds, (nfds_t)count, timeout) < 0)
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
    ph__connection_free(smtp->connection);
    smtp->connection = NULL;
    smtp->is_started = false;
    smtp->writer.is_open = false;
    ph__buffer_release(&smtp->writer.buffer);
}
