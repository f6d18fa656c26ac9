/* SPDX-License-Identifier: MIT */
#include "transport/sigpipe.h"

#include <errno.h>
#include <time.h>

static sigset_t pipe_signal(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGPIPE);
    return set;
}

void ph__sigpipe_hold(struct ph__sigpipe *held)
{
    const sigset_t set = pipe_signal();
    sigset_t pending;
    (void)sigemptyset(&pending);
    (void)sigpending(&pending);
    held->was_pending = sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &set, &held->before);
}

void ph__sigpipe_let_go(const struct ph__sigpipe *held)
{
    const sigset_t set = pipe_signal();
    const int reason = errno;
    if (!held->was_pending)
        (void)sigtimedwait(&set, NULL, &(struct timespec){0});
    (void)pthread_sigmask(SIG_SETMASK, &held->before, NULL);
    errno = reason;
}
