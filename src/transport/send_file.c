/* SPDX-License-Identifier: MIT */
/*
 * sendfile of Linux. Elsewhere there is none that works the same, and files are read like any other
 * source.
 */
#include "transport/send_file.h"

#if defined(__linux__)

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/sendfile.h>
#include <time.h>

enum {
    most_at_once = 1 << 30 /* sendfile takes no more than 2 GiB less a page */
};

/* sendfile knows no MSG_NOSIGNAL: SIGPIPE is held back from this thread, and taken if it came. */
static ssize_t send_without_signal(int to, int from, size_t n)
{
    sigset_t pipe_signal, before, pending;
    (void)sigemptyset(&pipe_signal);
    (void)sigaddset(&pipe_signal, SIGPIPE);
    (void)sigemptyset(&pending);
    (void)sigpending(&pending);
    const bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    const ssize_t sent = sendfile(to, from, NULL, n);
    const int reason = errno;
    if (sent < 0 && reason == EPIPE && !was_pending)
        (void)sigtimedwait(&pipe_signal, NULL, &(struct timespec){0});
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = reason;
    return sent;
}

enum ph__io ph__socket_send_file(struct ph__stream *stream, int fd, size_t max, size_t *n,
                                 struct ph__error *error)
{
    for (;;) {
        const ssize_t sent =
            send_without_signal(stream->fd, fd, max < most_at_once ? max : most_at_once);
        if (sent > 0) {
            *n = (size_t)sent;
            return PH__IO_DONE;
        }
        if (sent == 0)
            return PH__IO_END;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return PH__IO_WANT_WRITE;
        if (errno == EINTR)
            continue;
        const int reason = errno;
        (void)ph__error_set(error, PH_ERR_IO, PH_PHASE_NONE, "the connection was lost: %s",
                            strerror(reason));
        error->view.system_errno = reason;
        return PH__IO_FAILED;
    }
}

bool ph__can_send_files(void)
{
    return true;
}

#else

enum ph__io ph__socket_send_file(struct ph__stream *stream, int fd, size_t max, size_t *n,
                                 struct ph__error *error)
{
    (void)stream;
    (void)fd;
    (void)max;
    (void)n;
    (void)ph__error_set(error, PH_ERR_IO, PH_PHASE_NONE, "files cannot be sent on this system");
    return PH__IO_FAILED;
}

bool ph__can_send_files(void)
{
    return false;
}

#endif
