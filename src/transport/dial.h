/* SPDX-License-Identifier: MIT */
/*
 * Connecting to whichever endpoint of a server answers first (Happy Eyeballs, RFC 8305): families
 * in turn, IPv6 first, the next one after 250 ms or as soon as one failed.
 */
#ifndef PH_TRANSPORT_DIAL_H
#define PH_TRANSPORT_DIAL_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/resolve.h"

enum {
    ph__dial_delay_ms = 250
}; /* RFC 8305 section 5: Connection Attempt Delay */

struct ph__dialer;

/**
 * Makes ready to connect; the first process begins.
 *
 * @param server        the server's name, for sentences; must outlive the dialer
 * @param bind_address  IP address to connect from, NULL for the system's choice; only endpoints of
 *                      its family are tried
 * @return PH_OK, PH_ERR_ARGUMENT (no endpoint of the bind address's family), PH_ERR_NO_MEMORY
 */
int ph__dialer_new(const ph_allocator *allocator, const char *server, int port,
                   const struct ph__endpoint *endpoints, size_t count, const char *bind_address,
                   struct ph__dialer **out, struct ph__error *error);

/** Closes what is open. NULL is allowed. */
void ph__dialer_free(struct ph__dialer *dialer);

/** @return how many of @p fds (room for @p max) were set */
size_t ph__dialer_pollfds(struct ph__dialer *dialer, struct pollfd *fds, size_t max);

/** @return when the next attempt is due, or UINT64_MAX */
uint64_t ph__dialer_deadline_ms(struct ph__dialer *dialer, uint64_t now_ms);

/** @return DONE (ph__dialer_take gives the socket), WANT_WRITE (still trying), FAILED (all of them)
 */
enum ph__io ph__dialer_process(struct ph__dialer *dialer, const struct pollfd *fds, size_t count,
                               uint64_t now_ms, struct ph__error *error);

/** @return the connected socket, non-blocking, the caller's from now on; -1 if there is none */
int ph__dialer_take(struct ph__dialer *dialer);

#endif
