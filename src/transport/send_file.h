/* SPDX-License-Identifier: MIT */
/* From a file to a socket without passing through the process, where the system can. */
#ifndef PH_TRANSPORT_SEND_FILE_H
#define PH_TRANSPORT_SEND_FILE_H

#include "transport/stream.h"

/** As the send_file of stream functions. Where the system has none that suits, it always FAILED,
 * and ph__can_send_files says so. */
enum ph__io ph__socket_send_file(struct ph__stream *stream, int fd, size_t max, size_t *n,
                                 struct ph__error *error);

/** @return regular files can be sent by ph__socket_send_file */
bool ph__can_send_files(void);

#endif
