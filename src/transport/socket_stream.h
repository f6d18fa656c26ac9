/* SPDX-License-Identifier: MIT */
/* A stream over a connected socket, and the little that sockets need to be one. */
#ifndef PH_TRANSPORT_SOCKET_STREAM_H
#define PH_TRANSPORT_SOCKET_STREAM_H

#include <posthaste/allocator.h>

#include "transport/stream.h"

/** Makes a stream that owns @p fd if it succeeds. @return PH_OK or PH_ERR_NO_MEMORY */
int ph__socket_stream_new(const ph_allocator *allocator, int fd, struct ph__stream **out);

/** Makes a socket non-blocking, closed on exec, without Nagle's delay and without SIGPIPE. @return
 * PH_OK or PH_ERR_IO (errno tells) */
int ph__socket_prepare(int fd);

void ph__socket_close(int fd);

/** Records that a call on the socket failed, for the reason in errno. @return FAILED */
enum ph__io ph__socket_lost(struct ph__error *error);

/** @return the peer is a loopback address or a Unix socket, so that no network is in between */
bool ph__socket_is_local(int fd);

#endif
