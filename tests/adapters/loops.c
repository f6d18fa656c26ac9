/* SPDX-License-Identifier: MIT */
#include "loops.h"

#include <stdlib.h>
#include <unistd.h>

#include <posthaste/adapters/epoll.h>
#include <posthaste/adapters/glib.h>
#include <posthaste/adapters/libev.h>
#include <posthaste/adapters/libuv.h>
#include <posthaste/adapters/poll.h>

static void *make(size_t size)
{
    void *made = calloc(1, size);
    if (!made)
        abort();
    return made;
}

/* ---- poll ------------------------------------------------------------------------------------ */

struct poll_loop {
    ph_connection *connection;
};

static void *poll_begin(void)
{
    return make(sizeof(struct poll_loop));
}

static void poll_attach(void *loop, ph_connection *connection)
{
    ((struct poll_loop *)loop)->connection = connection;
}

static void poll_detach(void *loop)
{
    ((struct poll_loop *)loop)->connection = NULL;
}

static void poll_run(void *loop, const bool *is_over)
{
    struct poll_loop *own = loop;
    struct pollfd fds[PH_POLLFDS_MAX];
    size_t count;
    while (!*is_over)
        ph_poll_once(&own->connection, 1, fds, &count);
}

/* ---- epoll ----------------------------------------------------------------------------------- */

struct epoll_loop {
    int fd;
    ph_epoll adapter;
};

static void *epoll_begin(void)
{
    struct epoll_loop *loop = make(sizeof *loop);
    loop->fd = epoll_create1(0);
    return loop;
}

static void epoll_attach(void *loop, ph_connection *connection)
{
    struct epoll_loop *own = loop;
    ph_epoll_attach(&own->adapter, own->fd, connection);
}

static void epoll_detach(void *loop)
{
    ph_epoll_detach(&((struct epoll_loop *)loop)->adapter);
}

static void epoll_run(void *loop, const bool *is_over)
{
    struct epoll_loop *own = loop;
    struct epoll_event events[8];
    while (!*is_over) {
        const int timeout = ph_connection_poll_timeout(own->adapter.connection, ph_now_ms());
        const int count = epoll_wait(own->fd, events, 8, timeout);
        for (int i = 0; i < count; i++)
            ph_epoll_ready(&events[i]);
        if (!*is_over && ph_connection_poll_timeout(own->adapter.connection, ph_now_ms()) == 0)
            ph_epoll_due(&own->adapter);
    }
}

static void epoll_end(void *loop)
{
    (void)close(((struct epoll_loop *)loop)->fd);
    free(loop);
}

/* ---- libev ----------------------------------------------------------------------------------- */

struct libev_loop {
    struct ev_loop *loop;
    ph_ev adapter;
};

static void *libev_begin(void)
{
    struct libev_loop *loop = make(sizeof *loop);
    loop->loop = ev_loop_new(EVFLAG_AUTO);
    return loop;
}

static void libev_attach(void *loop, ph_connection *connection)
{
    struct libev_loop *own = loop;
    ph_ev_attach(&own->adapter, own->loop, connection);
}

static void libev_detach(void *loop)
{
    ph_ev_detach(&((struct libev_loop *)loop)->adapter);
}

static void libev_run(void *loop, const bool *is_over)
{
    while (!*is_over)
        (void)ev_run(((struct libev_loop *)loop)->loop, EVRUN_ONCE);
}

static void libev_end(void *loop)
{
    ev_loop_destroy(((struct libev_loop *)loop)->loop);
    free(loop);
}

/* ---- libuv ----------------------------------------------------------------------------------- */

struct libuv_loop {
    uv_loop_t loop;
    ph_uv *adapter;
};

static void *libuv_begin(void)
{
    struct libuv_loop *loop = make(sizeof *loop);
    if (uv_loop_init(&loop->loop) != 0)
        abort();
    return loop;
}

static void libuv_attach(void *loop, ph_connection *connection)
{
    struct libuv_loop *own = loop;
    own->adapter = ph_uv_attach(&own->loop, connection);
}

static void libuv_detach(void *loop)
{
    ph_uv_detach(((struct libuv_loop *)loop)->adapter);
}

static void libuv_run(void *loop, const bool *is_over)
{
    while (!*is_over)
        (void)uv_run(&((struct libuv_loop *)loop)->loop, UV_RUN_ONCE);
}

static void libuv_end(void *loop)
{
    struct libuv_loop *own = loop;
    (void)uv_run(&own->loop, UV_RUN_DEFAULT); /* frees what was detached */
    if (uv_loop_close(&own->loop) != 0)
        abort();
    free(loop);
}

/* ---- GLib ------------------------------------------------------------------------------------ */

struct glib_loop {
    GMainContext *context;
    ph_glib *adapter;
};

static void *glib_begin(void)
{
    struct glib_loop *loop = make(sizeof *loop);
    loop->context = g_main_context_new();
    return loop;
}

static void glib_attach(void *loop, ph_connection *connection)
{
    struct glib_loop *own = loop;
    own->adapter = ph_glib_attach(own->context, connection);
}

static void glib_detach(void *loop)
{
    ph_glib_detach(((struct glib_loop *)loop)->adapter);
}

static void glib_run(void *loop, const bool *is_over)
{
    while (!*is_over)
        (void)g_main_context_iteration(((struct glib_loop *)loop)->context, TRUE);
}

static void glib_end(void *loop)
{
    g_main_context_unref(((struct glib_loop *)loop)->context);
    free(loop);
}

/* ---- All ------------------------------------------------------------------------------------- */

const struct loop loops[] = {
    {"poll", poll_begin, poll_attach, poll_detach, poll_run, free},
    {"epoll", epoll_begin, epoll_attach, epoll_detach, epoll_run, epoll_end},
    {"libev", libev_begin, libev_attach, libev_detach, libev_run, libev_end},
    {"libuv", libuv_begin, libuv_attach, libuv_detach, libuv_run, libuv_end},
    {"GLib", glib_begin, glib_attach, glib_detach, glib_run, glib_end},
};
const unsigned loop_count = sizeof loops / sizeof loops[0];
