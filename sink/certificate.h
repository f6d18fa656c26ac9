/* SPDX-License-Identifier: MIT */
/* The sink's TLS context, with the given certificate or one that it makes for itself. */
#ifndef SINK_CERTIFICATE_H
#define SINK_CERTIFICATE_H

#include <openssl/ssl.h>
#include <stdio.h>

#include "sink/sink.h"

/**
 * @param out  receives the context, NULL if TLS is not offered; freed by SSL_CTX_free
 * @return 0, 73 or 78 as ph_sink_run; complains to @p err
 */
int sink_certificate_context(const struct ph_sink_options *options, SSL_CTX **out, FILE *err);

#endif
