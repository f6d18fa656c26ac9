/* SPDX-License-Identifier: MIT */
/*
 * Names become endpoints through c-ares, without blocking and without threads. IP addresses, Unix
 * sockets and localhost (RFC 6761 section 6.3) are known at once.
 */
#ifndef PH_TRANSPORT_RESOLVE_H
#define PH_TRANSPORT_RESOLVE_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <posthaste/allocator.h>

#include "transport/stream.h"

enum {
    ph__endpoints_max = 16
};

struct ph__endpoint {
    struct sockaddr_storage address;
    socklen_t length;
};

struct ph__resolver;

/**
 * Begins to look a name up.
 *
 * @param host     as ph__host_to_ascii gives it
 * @param servers  name servers as "127.0.0.1:5353", NULL for the system's; for tests
 * @return PH_OK, PH_ERR_ARGUMENT (a path too long for a Unix socket), PH_ERR_NO_MEMORY, PH_ERR_IO
 */
int ph__resolver_new(const ph_allocator *allocator, const char *host, int port, const char *servers,
                     struct ph__resolver **out, struct ph__error *error);

/** NULL is allowed. */
void ph__resolver_free(struct ph__resolver *resolver);

/** @return how many of @p fds (room for @p max) were set */
size_t ph__resolver_pollfds(struct ph__resolver *resolver, struct pollfd *fds, size_t max);

/** @return when process must be called at the latest, or UINT64_MAX */
uint64_t ph__resolver_deadline_ms(struct ph__resolver *resolver, uint64_t now_ms);

/** @return DONE (there is at least one endpoint), WANT_READ (still looking), FAILED */
enum ph__io ph__resolver_process(struct ph__resolver *resolver, const struct pollfd *fds,
                                 size_t count, struct ph__error *error);

/** @return what was found, in the order of preference; the resolver's */
const struct ph__endpoint *ph__resolver_endpoints(const struct ph__resolver *resolver,
                                                  size_t *count);

#endif
