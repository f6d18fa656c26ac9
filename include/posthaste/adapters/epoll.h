/* SPDX-License-Identifier: MIT */
/*
 * A connection in a program's own epoll instance (Linux). See examples/send_with_epoll.c.
 *
 * The loop waits at most until the earliest ph_connection_deadline, calls ph_epoll_ready for each
 * event whose data.ptr an adapter set, and ph_epoll_due for connections whose deadline has come.
 * Set a handler for the connection's events; it may free the connection after ph_epoll_detach.
 */
#ifndef POSTHASTE_ADAPTERS_EPOLL_H
#define POSTHASTE_ADAPTERS_EPOLL_H

#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>

#include <posthaste/connection.h>

/** The program's; it stays where it is until ph_epoll_detach, and until the events of an epoll_wait
 * in which it may be named were all handled. */
typedef struct ph_epoll {
    int epoll_fd;
    ph_connection *connection; /**< NULL: detached */
    size_t count;
    int fds[PH_POLLFDS_MAX]; /* what is watched */
    short events;            /* what for, if it is one */
} ph_epoll;

/* A closed descriptor has left the set by itself, and its number may stand for another already. */
static inline void ph_epoll__forget(ph_epoll *epoll, int is_closed)
{
    for (size_t i = 0; !is_closed && i < epoll->count; i++)
        (void)epoll_ctl(epoll->epoll_fd, EPOLL_CTL_DEL, epoll->fds[i], NULL);
    epoll->count = 0;
}

static inline int ph_epoll__watch(ph_epoll *epoll, int operation, const struct pollfd *polled)
{
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    event.events = (polled->events & POLLIN ? (uint32_t)EPOLLIN : 0) |
                   (polled->events & POLLOUT ? (uint32_t)EPOLLOUT : 0);
    event.data.ptr = epoll;
    return epoll_ctl(epoll->epoll_fd, operation, polled->fd, &event);
}

/**
 * Watches what the connection waits for now. To be called after calls on the connection from
 * outside its handler (ph_connection_send, ...); the adapter's own calls do it themselves.
 */
static inline void ph_epoll_update(ph_epoll *epoll)
{
    struct pollfd fds[PH_POLLFDS_MAX];
    const size_t count = ph_connection_pollfds(epoll->connection, fds);
    if (count == 1 && epoll->count == 1 && ph_connection_is_connected(epoll->connection) &&
        epoll->fds[0] == fds[0].fd) {
        if (epoll->events == fds[0].events)
            return;
        epoll->events = fds[0].events;
        if (ph_epoll__watch(epoll, EPOLL_CTL_MOD, &fds[0]) == 0)
            return; /* else it stands for another descriptor by now */
    }
    ph_epoll__forget(epoll, count == 0);
    for (size_t i = 0; i < count; i++) {
        epoll->fds[i] = fds[i].fd;
        epoll->events = fds[i].events;
        (void)ph_epoll__watch(epoll, EPOLL_CTL_ADD, &fds[i]);
    }
    epoll->count = count;
}

/** Begins to watch a connection. */
static inline void ph_epoll_attach(ph_epoll *epoll, int epoll_fd, ph_connection *connection)
{
    epoll->epoll_fd = epoll_fd;
    epoll->connection = connection;
    epoll->count = 0;
    ph_epoll_update(epoll);
}

/** Watches it no longer: before ph_connection_free, also within the handler. */
static inline void ph_epoll_detach(ph_epoll *epoll)
{
    struct pollfd fds[PH_POLLFDS_MAX];
    ph_epoll__forget(epoll, ph_connection_pollfds(epoll->connection, fds) == 0);
    epoll->connection = NULL;
}

/** Takes the connection on when its deadline has come. */
static inline void ph_epoll_due(ph_epoll *epoll)
{
    ph_connection_process(epoll->connection, NULL, 0, ph_now_ms());
    if (epoll->connection) /* its handler may have detached it */
        ph_epoll_update(epoll);
}

/** Takes the connection on that an event of epoll_wait is about. */
static inline void ph_epoll_ready(const struct epoll_event *event)
{
    ph_epoll *epoll = (ph_epoll *)event->data.ptr;
    struct pollfd fds[PH_POLLFDS_MAX];
    if (!epoll->connection) /* an event before this one ended it */
        return;
    const size_t count = ph_connection_pollfds(epoll->connection, fds);
    if (count == 1 && ph_connection_is_connected(epoll->connection))
        fds[0].revents = (short)((event->events & EPOLLIN ? POLLIN : 0) |
                                 (event->events & EPOLLOUT ? POLLOUT : 0) |
                                 (event->events & (EPOLLERR | EPOLLHUP) ? POLLERR : 0));
    else
        (void)poll(fds, count, 0); /* one of several, on the way there */
    ph_connection_process(epoll->connection, fds, count, ph_now_ms());
    if (epoll->connection)
        ph_epoll_update(epoll);
}

/**
 * Waits until the connection has something to do, and takes it on. For a program that waits for
 * nothing else: the connection is alone in its epoll instance. Any other waits as this does, with
 * its own descriptors and the earliest of the deadlines.
 */
static inline void ph_epoll_once(ph_epoll *epoll)
{
    struct epoll_event event;
    const int timeout = ph_connection_poll_timeout(epoll->connection, ph_now_ms());
    if (epoll_wait(epoll->epoll_fd, &event, 1, timeout) > 0)
        ph_epoll_ready(&event);
    else
        ph_epoll_due(epoll);
}

#endif
