/* SPDX-License-Identifier: MIT */
/* Where the kernel makes no TLS records, or nobody has tried. */
#include "transport/kernel_tls.h"

bool ph__kernel_tls_is_there(void)
{
    return false;
}

bool ph__kernel_tls_prepare(int fd)
{
    (void)fd;
    return false;
}

/* Systems without MSG_NOSIGNAL have SO_NOSIGPIPE, which the socket carries. */
int ph__kernel_tls_write(BIO *socket, const char *bytes, int size)
{
    return BIO_write(socket, bytes, size);
}

void ph__kernel_tls_close(struct ph__stream *stream, void (*close)(struct ph__stream *))
{
    close(stream);
}
