/* SPDX-License-Identifier: MIT */
/* Linux, by its module tls (Documentation/networking/tls.rst). */
#include "transport/kernel_tls.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/sigpipe.h"

/*
 * TCP_ULP would tell, too; but asked by root it has the kernel start modprobe, for each socket anew
 * where there is no module, and load it where there is one. It is used where somebody wants it, and
 * whoever does has loaded it. Linux 5.5 was the first to have this file, TLS 1.3 is older.
 */
bool ph__kernel_tls_is_there(void)
{
    return access("/proc/net/tls_stat", F_OK) == 0;
}

bool ph__kernel_tls_prepare(int fd)
{
    return setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof "tls") == 0;
}

int ph__kernel_tls_write(BIO *socket, const char *bytes, int size)
{
    struct ph__sigpipe held;
    ph__sigpipe_hold(&held);
    const int written = BIO_write(socket, bytes, size);
    ph__sigpipe_let_go(&held);
    return written;
}

void ph__kernel_tls_close(struct ph__stream *stream, void (*close)(struct ph__stream *))
{
    struct ph__sigpipe held;
    ph__sigpipe_hold(&held);
    close(stream);
    ph__sigpipe_let_go(&held);
}
