/* SPDX-License-Identifier: MIT */
/*
 * A connection in a libuv loop. See examples/send_with_libuv.c.
 *
 * Set a handler for the connection's events; it may free the connection after ph_uv_detach. When it
 * is told of CLOSED, the descriptor is closed, and libuv still watches its number until the handler
 * is back or detaches: it should detach before it opens anything else that this loop watches.
 */
#ifndef POSTHASTE_ADAPTERS_LIBUV_H
#define POSTHASTE_ADAPTERS_LIBUV_H

#include <stddef.h>
#include <stdlib.h>

#include <uv.h>

#include <posthaste/connection.h>

typedef struct ph_uv ph_uv;

/* Between attempts to watch a descriptor. */
#define PH_UV__RETRY_MS 10

/* A handle of its own each, since libuv lets go of handles only later. */
typedef struct ph_uv_watch {
    uv_poll_t poll;
    ph_uv *owner;
    struct pollfd polled;
} ph_uv_watch;

/** Made by ph_uv_attach; it frees itself some time after ph_uv_detach. */
struct ph_uv {
    uv_timer_t timer;
    ph_connection *connection; /**< NULL: detached */
    size_t count;
    ph_uv_watch *watches[PH_POLLFDS_MAX];
};

static inline void ph_uv__free_watch(uv_handle_t *handle)
{
    free(handle->data);
}

static inline void ph_uv__forget(ph_uv *uv)
{
    for (size_t i = 0; i < uv->count; i++)
        uv_close((uv_handle_t *)&uv->watches[i]->poll, ph_uv__free_watch);
    uv->count = 0;
}

static inline void ph_uv_update(ph_uv *uv);

static inline void ph_uv__process(ph_uv *uv, const struct pollfd *fds, size_t count)
{
    ph_connection_process(uv->connection, fds, count, ph_now_ms());
    if (uv->connection) /* its handler may have detached it */
        ph_uv_update(uv);
}

static inline void ph_uv__is_ready(uv_poll_t *poll, int status, int events)
{
    ph_uv_watch *watch = (ph_uv_watch *)poll->data;
    struct pollfd polled = watch->polled;
    polled.revents = (short)(status < 0 ? POLLERR
                                        : (events & UV_READABLE ? POLLIN : 0) |
                                              (events & UV_WRITABLE ? POLLOUT : 0));
    ph_uv__process(watch->owner, &polled, 1);
}

static inline void ph_uv__is_due(uv_timer_t *timer)
{
    ph_uv__process((ph_uv *)timer->data, NULL, 0);
}

static inline void ph_uv__start(ph_uv_watch *watch, const struct pollfd *wanted)
{
    watch->polled = *wanted;
    (void)uv_poll_start(&watch->poll,
                        (wanted->events & POLLIN ? UV_READABLE : 0) |
                            (wanted->events & POLLOUT ? UV_WRITABLE : 0),
                        ph_uv__is_ready);
}

/* It fails without memory, and where the loop still watches the number for what was closed. */
static inline void ph_uv__add(ph_uv *uv, const struct pollfd *wanted)
{
    ph_uv_watch *watch = (ph_uv_watch *)malloc(sizeof *watch);
    if (!watch)
        return;
    if (uv_poll_init(uv->timer.loop, &watch->poll, wanted->fd) != 0) {
        free(watch);
        return;
    }
    watch->poll.data = watch;
    watch->owner = uv;
    uv->watches[uv->count++] = watch;
    ph_uv__start(watch, wanted);
}

/**
 * Watches what the connection waits for now. To be called after calls on the connection from
 * outside its handler (ph_connection_send, ...); the adapter's own calls do it themselves.
 */
static inline void ph_uv_update(ph_uv *uv)
{
    struct pollfd fds[PH_POLLFDS_MAX];
    const size_t count = ph_connection_pollfds(uv->connection, fds);
    int timeout_ms = ph_connection_poll_timeout(uv->connection, ph_now_ms());
    if (count == 1 && uv->count == 1 && ph_connection_is_connected(uv->connection) &&
        uv->watches[0]->polled.fd == fds[0].fd) {
        if (uv->watches[0]->polled.events != fds[0].events)
            ph_uv__start(uv->watches[0], &fds[0]);
    } else {
        ph_uv__forget(uv);
        for (size_t i = 0; i < count; i++)
            ph_uv__add(uv, &fds[i]);
    }
    if (uv->count < count && (timeout_ms < 0 || timeout_ms > PH_UV__RETRY_MS))
        timeout_ms = PH_UV__RETRY_MS;
    if (timeout_ms < 0)
        (void)uv_timer_stop(&uv->timer);
    else
        (void)uv_timer_start(&uv->timer, ph_uv__is_due, (uint64_t)timeout_ms, 0);
}

/** Begins to drive a connection. @return the adapter, or NULL without memory */
static inline ph_uv *ph_uv_attach(uv_loop_t *loop, ph_connection *connection)
{
    ph_uv *uv = (ph_uv *)malloc(sizeof *uv);
    if (!uv)
        return NULL;
    uv->connection = connection;
    uv->count = 0;
    (void)uv_timer_init(loop, &uv->timer);
    uv->timer.data = uv;
    uv_update_time(loop);
    ph_uv_update(uv);
    return uv;
}

/** Drives it no longer: before ph_connection_free, also within the handler. The adapter is the
 * loop's from then on, which frees it when it runs. */
static inline void ph_uv_detach(ph_uv *uv)
{
    ph_uv__forget(uv);
    uv->connection = NULL;
    uv_close((uv_handle_t *)&uv->timer, ph_uv__free_watch);
}

#endif
