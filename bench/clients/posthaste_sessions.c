/* SPDX-License-Identifier: MIT */
/* posthaste with many sessions at once, by <posthaste/adapters/epoll.h>. */
#include <stdlib.h>
#include <sys/epoll.h>

#include <posthaste/adapters/epoll.h>

#include "posthaste_job.h"

enum {
    events_max = 256
};

struct loop {
    int epoll_fd;
    long waiting; /* sessions that have not come as far as is waited for */
};

struct session {
    struct loop *loop;
    ph_connection *connection;
    ph_message *message;
    ph_epoll epoll;
};

static void take_event(ph_connection *connection, const ph_event *event, void *user_data)
{
    struct session *session = user_data;
    switch (event->type) {
    case PH_EVENT_READY:
        session->loop->waiting--;
        break;
    case PH_EVENT_MESSAGE_DONE:
        if (event->status != PH_OK)
            job_fail("message", ph_result_error(event->result)->message);
        break;
    case PH_EVENT_CLOSED:
        if (event->status != PH_OK)
            job_fail("closed", ph_connection_error(connection)->message);
        ph_epoll_detach(&session->epoll);
        ph_connection_free(connection);
        session->loop->waiting--;
        break;
    case PH_EVENT_COMMAND_DONE:
        break;
    }
}

static void open_session(struct session *session, struct loop *loop, ph_server *server)
{
    session->loop = loop;
    must(ph_connection_new(server, ph_now_ms(), &session->connection));
    ph_connection_set_handler(session->connection, take_event, session);
    ph_epoll_attach(&session->epoll, loop->epoll_fd, session->connection);
    ph_epoll_due(&session->epoll);
}

/* One message, and QUIT right behind it. */
static void use_session(struct session *session, const struct job *job)
{
    session->message = posthaste_message(job);
    must(ph_connection_send(session->connection, session->message, NULL));
    must(ph_connection_quit(session->connection));
    ph_epoll_due(&session->epoll);
}

static void run(struct loop *loop, long sessions)
{
    struct epoll_event events[events_max];
    loop->waiting = sessions;
    while (loop->waiting > 0) {
        const int n = epoll_wait(loop->epoll_fd, events, events_max, 60 * 1000);
        if (n == 0)
            job_fail("epoll_wait", "nothing happened for a minute");
        for (int i = 0; i < n; i++)
            ph_epoll_ready(&events[i]);
    }
}

void posthaste_sessions(const struct job *job)
{
    struct meter meter;
    struct loop loop = {.epoll_fd = epoll_create1(0)};
    ph_server *server = posthaste_server(job);
    struct session *sessions = job_allocate((size_t)job->count * sizeof *sessions);
    meter_begin(&meter);
    for (long i = 0; i < job->count; i++)
        open_session(&sessions[i], &loop, server);
    run(&loop, job->count);
    meter_all_open(&meter);
    for (long i = 0; i < job->count; i++)
        use_session(&sessions[i], job);
    run(&loop, job->count);
    meter_end(&meter, job->count);
    for (long i = 0; i < job->count; i++)
        ph_message_free(sessions[i].message);
    free(sessions);
    ph_server_free(server);
}
