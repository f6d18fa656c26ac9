/* SPDX-License-Identifier: MIT */
/*
 * System calls that know no MSG_NOSIGNAL: SIGPIPE is held back from this thread while they run, and
 * taken if they raised it. For systems without SO_NOSIGPIPE. No call tells by its result whether it
 * did: the kernel's TLS raises it and reports success.
 */
#ifndef PH_TRANSPORT_SIGPIPE_H
#define PH_TRANSPORT_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct ph__sigpipe {
    sigset_t before;  /* the thread's mask */
    bool was_pending; /* it is somebody else's */
};

void ph__sigpipe_hold(struct ph__sigpipe *held);

/** Leaves errno as it is. */
void ph__sigpipe_let_go(const struct ph__sigpipe *held);

#endif
