/* SPDX-License-Identifier: MIT */
/* A stream over a connected socket. No call raises SIGPIPE, and none blocks. */
#include "transport/socket_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/allocator.h"
#include "transport/send_file.h"

enum {
    iovecs_max = 64
};

/* Where MSG_NOSIGNAL is missing, ph__socket_prepare sets SO_NOSIGPIPE. */
#ifdef MSG_NOSIGNAL
enum {
    send_flags = MSG_NOSIGNAL
};
#else
enum {
    send_flags = 0
};
#endif

struct socket_stream {
    struct ph__stream stream; /* first, so that one pointer is both */
    const ph_allocator *allocator;
};

enum ph__io ph__socket_lost(struct ph__error *error)
{
    const int reason = errno;
    (void)ph__error_set(error, PH_ERR_IO, PH_PHASE_NONE, "the connection was lost");
    ph__error_add_errno(error, reason);
    return PH__IO_FAILED;
}

static enum ph__io socket_read(struct ph__stream *stream, void *buffer, size_t size, size_t *n,
                               struct ph__error *error)
{
    for (;;) {
        const ssize_t got = recv(stream->fd, buffer, size, 0);
        if (got > 0) {
            *n = (size_t)got;
            return PH__IO_DONE;
        }
        if (got == 0)
            return PH__IO_END;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return PH__IO_WANT_READ;
        if (errno != EINTR)
            return ph__socket_lost(error);
    }
}

static size_t to_iovecs(struct iovec *iovecs, const struct ph__slice *slices, size_t count)
{
    const size_t n = count < iovecs_max ? count : iovecs_max;
    for (size_t i = 0; i < n; i++)
        /* sendmsg only reads; its type does not say so */
        iovecs[i] = (struct iovec){.iov_base = (void *)(uintptr_t)slices[i].bytes,
                                   .iov_len = slices[i].length};
    return n;
}

static ssize_t send_slices(int fd, const struct ph__slice *slices, size_t count)
{
    if (count == 1) /* a command on its own: the system need not look for more */
        return send(fd, slices[0].bytes, slices[0].length, send_flags);
    struct iovec iovecs[iovecs_max];
    struct msghdr message = {.msg_iov = iovecs};
    message.msg_iovlen = to_iovecs(iovecs, slices, count);
    return sendmsg(fd, &message, send_flags);
}

static enum ph__io socket_write(struct ph__stream *stream, const struct ph__slice *slices,
                                size_t count, size_t *n, struct ph__error *error)
{
    for (;;) {
        const ssize_t sent = send_slices(stream->fd, slices, count);
        if (sent >= 0) {
            *n = (size_t)sent;
            return PH__IO_DONE;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return PH__IO_WANT_WRITE;
        if (errno != EINTR)
            return ph__socket_lost(error);
    }
}

static bool socket_has_pending(const struct ph__stream *stream)
{
    (void)stream;
    return false;
}

static void socket_close(struct ph__stream *stream)
{
    const ph_allocator *allocator = ((struct socket_stream *)stream)->allocator;
    ph__socket_close(stream->fd);
    ph__release(allocator, stream);
}

static const struct ph__stream_functions functions = {
    .read = socket_read,
    .write = socket_write,
    .has_pending = socket_has_pending,
    .send_file = ph__socket_send_file,
    .is_socket = true,
    .close = socket_close,
};

int ph__socket_stream_new(const ph_allocator *allocator, int fd, struct ph__stream **out)
{
    struct socket_stream *made = ph__allocate(allocator, sizeof *made);
    if (!made)
        return PH_ERR_NO_MEMORY;
    made->stream = (struct ph__stream){.functions = &functions, .fd = fd};
    made->allocator = allocator;
    *out = &made->stream;
    return PH_OK;
}

int ph__socket_prepare(int fd)
{
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return PH_ERR_IO;
    const int on = 1;
    /* Unix sockets know no Nagle, and do not miss it. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef SO_NOSIGPIPE
    (void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    return PH_OK;
}

void ph__socket_close(int fd)
{
    (void)close(fd);
}

static bool is_loopback_v6(const struct sockaddr_in6 *address)
{
    const uint8_t *bytes = address->sin6_addr.s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr))
        return bytes[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&address->sin6_addr);
}

bool ph__socket_is_local(int fd)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    memset(&peer, 0, sizeof peer);
    if (getpeername(fd, (struct sockaddr *)&peer, &length) != 0)
        return false;
    if (peer.ss_family == AF_UNIX)
        return true;
    if (peer.ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)&peer)->sin_addr.s_addr) >> 24 == 127;
    return peer.ss_family == AF_INET6 && is_loopback_v6((const struct sockaddr_in6 *)&peer);
}
