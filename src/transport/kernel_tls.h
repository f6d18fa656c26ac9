/* SPDX-License-Identifier: MIT */
/*
 * TLS records made by the kernel. OpenSSL gives it the keys, through a BIO of its own on the socket
 * (tls_bio.c); here is what only the system knows: kernel_tls_linux.c, and kernel_tls_none.c for
 * every other.
 */
#ifndef PH_TRANSPORT_KERNEL_TLS_H
#define PH_TRANSPORT_KERNEL_TLS_H

#include <stdbool.h>

#include <openssl/bio.h>

#include "transport/stream.h"

/** @return the kernel can make TLS records now. Loads nothing, and costs one system call. */
bool ph__kernel_tls_is_there(void);

/** Makes a connected socket take keys, if the kernel can. Bytes go through it as before. */
bool ph__kernel_tls_prepare(int fd);

/** BIO_write to OpenSSL's BIO on a socket, which knows no MSG_NOSIGNAL, without SIGPIPE. errno
 * tells of failures. */
int ph__kernel_tls_write(BIO *socket, const char *bytes, int size);

/** Closes without SIGPIPE: closing sends what the kernel still has. */
void ph__kernel_tls_close(struct ph__stream *stream, void (*close)(struct ph__stream *));

#endif
