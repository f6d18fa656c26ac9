/* SPDX-License-Identifier: MIT */
/* OpenSSL's way to the stream below a TLS stream. */
#ifndef PH_TRANSPORT_TLS_BIO_H
#define PH_TRANSPORT_TLS_BIO_H

#include "transport/tls_state.h"

/** Has OpenSSL read from and write to the stream below. If the options of its SSL allow it and the
 * kernel can, OpenSSL gives it the keys to send with while it shakes hands. @return false without
 * memory; tls_stream.c releases what there is */
bool ph__tls_bio_attach(struct ph__tls_stream *tls);

/** @return the kernel has the keys: what is written to the socket now leaves as TLS records */
bool ph__tls_bio_is_kernels(const struct ph__tls_stream *tls);

/** After the handshake: who encrypts does not change any more. */
void ph__tls_bio_settle(struct ph__tls_stream *tls);

/** Keeps what the server said first, as long as there is room: it tells a person what it really is.
 */
void ph__tls_keep_first_bytes(struct ph__tls_stream *tls, const char *bytes, size_t n);

#endif
