/* SPDX-License-Identifier: MIT */
/* OpenSSL's way to the stream below a TLS stream. */
#ifndef PH_TRANSPORT_TLS_BIO_H
#define PH_TRANSPORT_TLS_BIO_H

#include "transport/tls_state.h"

/** @return what OpenSSL reads from and writes to, or NULL without memory. Its method stays in
 * @p tls, and is freed after it. */
BIO *ph__tls_bio_new(struct ph__tls_stream *tls);

/** Keeps what the server said first, as long as there is room: it tells a person what it really is.
 */
void ph__tls_keep_first_bytes(struct ph__tls_stream *tls, const char *bytes, size_t n);

#endif
