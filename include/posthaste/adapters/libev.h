/* SPDX-License-Identifier: MIT */
/*
 * A connection in a libev loop. See examples/send_with_libev.c.
 *
 * Set a handler for the connection's events; it may free the connection after ph_ev_detach.
 */
#ifndef POSTHASTE_ADAPTERS_LIBEV_H
#define POSTHASTE_ADAPTERS_LIBEV_H

#include <stddef.h>

#include <ev.h>

#include <posthaste/connection.h>

/** The program's; it stays where it is until ph_ev_detach. */
typedef struct ph_ev {
    struct ev_loop *loop;
    ph_connection *connection; /**< NULL: detached */
    ev_timer timer;
    size_t count;
    ev_io watches[PH_POLLFDS_MAX];
} ph_ev;

static inline void ph_ev__forget(ph_ev *ev)
{
    for (size_t i = 0; i < ev->count; i++)
        ev_io_stop(ev->loop, &ev->watches[i]);
    ev->count = 0;
}

static inline void ph_ev__is_ready(struct ev_loop *loop, ev_io *watch, int revents);

static inline void ph_ev__watch(ph_ev *ev, ev_io *watch, const struct pollfd *wanted)
{
    const int events =
        (wanted->events & POLLIN ? EV_READ : 0) | (wanted->events & POLLOUT ? EV_WRITE : 0);
    if (ev_is_active(watch) && watch->fd == wanted->fd &&
        (watch->events & (EV_READ | EV_WRITE)) == events)
        return;
    ev_io_stop(ev->loop, watch);
    ev_io_init(watch, ph_ev__is_ready, wanted->fd, events);
    watch->data = ev;
    ev_io_start(ev->loop, watch);
}

/**
 * Watches what the connection waits for now. To be called after calls on the connection from
 * outside its handler (ph_connection_send, ...); the adapter's own calls do it themselves.
 */
static inline void ph_ev_update(ph_ev *ev)
{
    struct pollfd fds[PH_POLLFDS_MAX];
    const size_t count = ph_connection_pollfds(ev->connection, fds);
    const int timeout_ms = ph_connection_poll_timeout(ev->connection, ph_now_ms());
    if (count != ev->count || !ph_connection_is_connected(ev->connection))
        ph_ev__forget(ev);
    for (size_t i = 0; i < count; i++)
        ph_ev__watch(ev, &ev->watches[i], &fds[i]);
    ev->count = count;
    ev_timer_stop(ev->loop, &ev->timer);
    if (timeout_ms < 0)
        return;
    ev_timer_set(&ev->timer, (double)timeout_ms / 1000.0, 0.0);
    ev_timer_start(ev->loop, &ev->timer);
}

static inline void ph_ev__process(ph_ev *ev, const struct pollfd *fds, size_t count)
{
    ph_connection_process(ev->connection, fds, count, ph_now_ms());
    if (ev->connection) /* its handler may have detached it */
        ph_ev_update(ev);
}

static inline void ph_ev__is_ready(struct ev_loop *loop, ev_io *watch, int revents)
{
    struct pollfd polled = {watch->fd, 0, 0};
    (void)loop;
    polled.revents = (short)((revents & EV_READ ? POLLIN : 0) | (revents & EV_WRITE ? POLLOUT : 0));
    ph_ev__process((ph_ev *)watch->data, &polled, 1);
}

static inline void ph_ev__is_due(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    ph_ev__process((ph_ev *)timer->data, NULL, 0);
}

/** Begins to drive a connection. */
static inline void ph_ev_attach(ph_ev *ev, struct ev_loop *loop, ph_connection *connection)
{
    ev->loop = loop;
    ev->connection = connection;
    ev->count = 0;
    for (size_t i = 0; i < PH_POLLFDS_MAX; i++)
        ev_init(&ev->watches[i], ph_ev__is_ready);
    ev_init(&ev->timer, ph_ev__is_due);
    ev->timer.data = ev;
    ev_now_update(loop);
    ph_ev_update(ev);
}

/** Drives it no longer: before ph_connection_free, also within the handler. */
static inline void ph_ev_detach(ph_ev *ev)
{
    ph_ev__forget(ev);
    ev_timer_stop(ev->loop, &ev->timer);
    ev->connection = NULL;
}

#endif
