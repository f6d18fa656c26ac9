/* SPDX-License-Identifier: MIT */
/*
 * A non-blocking stream of bytes as a table of functions: what is above never asks which kind it
 * is. Made by socket_stream.h and tls_stream.h.
 */
#ifndef PH_TRANSPORT_STREAM_H
#define PH_TRANSPORT_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/slice.h"

/* What one call came to. WANT_READ and WANT_WRITE say what the descriptor must be ready for before
 * the same call can go on; TLS may want to read in order to write, and the reverse. */
enum ph__io {
    PH__IO_DONE,
    PH__IO_WANT_READ,
    PH__IO_WANT_WRITE,
    PH__IO_END,   /* the peer closed in order; only from read */
    PH__IO_FAILED /* the error record says why; the stream can only be closed */
};

struct ph__stream;

struct ph__stream_functions {
    /* Reads at least 1 and at most size bytes when it is DONE. */
    enum ph__io (*read)(struct ph__stream *stream, void *buffer, size_t size, size_t *n,
                        struct ph__error *error);

    /*
     * Writes slices from the first on; DONE says that *n (at least 1) bytes were taken, which may
     * be fewer than all. After WANT_..., the same bytes must be offered again, and after DONE those
     * that were not taken; more may follow them.
     */
    enum ph__io (*write)(struct ph__stream *stream, const struct ph__slice *slices, size_t count,
                         size_t *n, struct ph__error *error);

    /* Bytes are at hand that no descriptor will announce (a decrypted rest). */
    bool (*has_pending)(const struct ph__stream *stream);

    /*
     * Sends at most max bytes of a regular file, from where it stands, which moves on; DONE says
     * that *n (at least 1) were sent, END that the file has no more. NULL: files are read and
     * written.
     */
    enum ph__io (*send_file)(struct ph__stream *stream, int fd, size_t max, size_t *n,
                             struct ph__error *error);

    /* What is written goes to the descriptor as it is, and the kernel may be told to encrypt it. */
    bool is_socket;

    /* Says goodbye if that needs no waiting (close_notify), closes and frees everything. */
    void (*close)(struct ph__stream *stream);
};

struct ph__stream {
    const struct ph__stream_functions *functions;
    int fd;
};

#endif
