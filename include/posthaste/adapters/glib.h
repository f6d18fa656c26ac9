/* SPDX-License-Identifier: MIT */
/*
 * A connection in a GLib main loop. See examples/send_with_glib.c.
 *
 * Set a handler for the connection's events; it may free the connection after ph_glib_detach.
 */
#ifndef POSTHASTE_ADAPTERS_GLIB_H
#define POSTHASTE_ADAPTERS_GLIB_H

#include <stddef.h>

#include <glib.h>

#include <posthaste/connection.h>

/** Made by ph_glib_attach, freed by GLib after ph_glib_detach. */
typedef struct ph_glib {
    GSource source;
    ph_connection *connection; /**< NULL: detached */
    size_t count;
    struct pollfd polled[PH_POLLFDS_MAX];
    gpointer tags[PH_POLLFDS_MAX];
} ph_glib;

static inline GIOCondition ph_glib__condition(short events)
{
    return (GIOCondition)((events & POLLIN ? G_IO_IN : 0) | (events & POLLOUT ? G_IO_OUT : 0));
}

static inline void ph_glib__forget(ph_glib *glib)
{
    for (size_t i = 0; i < glib->count; i++)
        g_source_remove_unix_fd(&glib->source, glib->tags[i]);
    glib->count = 0;
}

static inline void ph_glib__add(ph_glib *glib, const struct pollfd *wanted)
{
    glib->polled[glib->count] = *wanted;
    glib->tags[glib->count++] =
        g_source_add_unix_fd(&glib->source, wanted->fd, ph_glib__condition(wanted->events));
}

/**
 * Watches what the connection waits for now. To be called after calls on the connection from
 * outside its handler (ph_connection_send, ...); the adapter's own calls do it themselves.
 */
static inline void ph_glib_update(ph_glib *glib)
{
    struct pollfd fds[PH_POLLFDS_MAX];
    const size_t count = ph_connection_pollfds(glib->connection, fds);
    const int timeout_ms = ph_connection_poll_timeout(glib->connection, ph_now_ms());
    if (count == 1 && glib->count == 1 && glib->polled[0].fd == fds[0].fd) {
        if (glib->polled[0].events != fds[0].events)
            g_source_modify_unix_fd(&glib->source, glib->tags[0],
                                    ph_glib__condition(fds[0].events));
        glib->polled[0] = fds[0];
    } else {
        ph_glib__forget(glib);
        for (size_t i = 0; i < count; i++)
            ph_glib__add(glib, &fds[i]);
    }
    g_source_set_ready_time(
        &glib->source, timeout_ms < 0 ? -1 : g_get_monotonic_time() + timeout_ms * (gint64)1000);
}

static inline gboolean ph_glib__dispatch(GSource *source, GSourceFunc callback, gpointer user_data)
{
    ph_glib *glib = (ph_glib *)source;
    struct pollfd ready[PH_POLLFDS_MAX];
    (void)callback;
    (void)user_data;
    for (size_t i = 0; i < glib->count; i++) {
        const GIOCondition condition = g_source_query_unix_fd(source, glib->tags[i]);
        ready[i] = glib->polled[i];
        ready[i].revents =
            (short)((condition & G_IO_IN ? POLLIN : 0) | (condition & G_IO_OUT ? POLLOUT : 0) |
                    (condition & (G_IO_ERR | G_IO_HUP) ? POLLERR : 0));
    }
    ph_connection_process(glib->connection, ready, glib->count, ph_now_ms());
    if (!glib->connection) /* its handler has detached it */
        return G_SOURCE_REMOVE;
    ph_glib_update(glib);
    return G_SOURCE_CONTINUE;
}

/** Begins to drive a connection. @param context NULL for the default one */
static inline ph_glib *ph_glib_attach(GMainContext *context, ph_connection *connection)
{
    static GSourceFuncs functions = {NULL, NULL, ph_glib__dispatch, NULL, NULL, NULL};
    ph_glib *glib = (ph_glib *)g_source_new(&functions, sizeof *glib);
    glib->connection = connection;
    glib->count = 0;
    ph_glib_update(glib);
    (void)g_source_attach(&glib->source, context);
    return glib;
}

/** Drives it no longer: before ph_connection_free, also within the handler. */
static inline void ph_glib_detach(ph_glib *glib)
{
    glib->connection = NULL;
    glib->count = 0;
    g_source_destroy(&glib->source);
    g_source_unref(&glib->source);
}

#endif
