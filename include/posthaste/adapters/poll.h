/* SPDX-License-Identifier: MIT */
/*
 * Several connections and one poll: a loop for programs that have none. See
 * examples/send_with_poll.c.
 */
#ifndef POSTHASTE_ADAPTERS_POLL_H
#define POSTHASTE_ADAPTERS_POLL_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include <posthaste/connection.h>

/**
 * Waits until one of the connections has something to do, and takes those on. Call it again and
 * again, after the events of all of them were pulled. Blocks.
 *
 * @param connections  @p n of them; NULL among them is passed over, so that a handler that frees a
 *                     connection sets its place to NULL
 * @param fds          room for @p n times PH_POLLFDS_MAX
 * @param counts       room for @p n
 */
static inline void ph_poll_once(ph_connection **connections, size_t n, struct pollfd *fds,
                                size_t *counts)
{
    const uint64_t before_ms = ph_now_ms();
    size_t total = 0;
    int timeout = -1;
    for (size_t i = 0; i < n; i++) {
        counts[i] = 0;
        if (!connections[i])
            continue;
        const int own = ph_connection_poll_timeout(connections[i], before_ms);
        if (own >= 0 && (timeout < 0 || own < timeout))
            timeout = own;
        counts[i] = ph_connection_pollfds(connections[i], fds + total);
        total += counts[i];
    }
    const int ready = poll(fds, (nfds_t)total, timeout);
    const uint64_t now_ms = ph_now_ms();
    for (size_t i = 0; i < n; fds += counts[i++]) {
        int is_due = 0;
        for (size_t j = 0; ready > 0 && j < counts[i]; j++)
            is_due |= fds[j].revents != 0;
        if (connections[i] && (is_due || ph_connection_deadline(connections[i], now_ms) <= now_ms))
            ph_connection_process(connections[i], fds, ready > 0 ? counts[i] : 0, now_ms);
    }
}

#endif
