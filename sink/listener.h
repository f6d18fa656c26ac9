/* SPDX-License-Identifier: MIT */
/* The socket that the sink listens on. */
#ifndef SINK_LISTENER_H
#define SINK_LISTENER_H

#include <stddef.h>
#include <stdio.h>

#include "sink/sink.h"

/**
 * Opens it, non-blocking.
 * @param fd       receives the socket
 * @param address  receives what to connect to, "127.0.0.1:2525" or "unix:PATH"
 * @return 0, 64 (the address is malformed) or 69; complains to @p err
 */
int sink_listener_open(const struct ph_sink_options *options, int *fd, char *address, size_t room,
                       FILE *err);

/** Makes a socket non-blocking. */
void sink_socket_unblock(int fd);

#endif
