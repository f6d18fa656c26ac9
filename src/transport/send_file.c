/* SPDX-License-Identifier: MIT */
/*
 * sendfile of Linux. Elsewhere there is none that works the same, and files are read like any other
 * source.
 */
#include "transport/send_file.h"

#if defined(__linux__)

#include <errno.h>
#include <sys/sendfile.h>

#include "transport/sigpipe.h"
#include "transport/socket_stream.h"

enum {
    most_at_once = 1 << 30 /* sendfile takes no more than 2 GiB less a page */
};

/* sendfile knows no MSG_NOSIGNAL. */
static ssize_t send_without_signal(int to, int from, size_t n)
{
    struct ph__sigpipe held;
    ph__sigpipe_hold(&held);
    const ssize_t sent = sendfile(to, from, NULL, n);
    ph__sigpipe_let_go(&held);
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
        if (errno != EINTR)
            return ph__socket_lost(error);
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
