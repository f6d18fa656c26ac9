/* SPDX-License-Identifier: MIT */
/* TLS (OpenSSL) over another stream. */
#ifndef PH_TRANSPORT_TLS_STREAM_H
#define PH_TRANSPORT_TLS_STREAM_H

#include <posthaste/tls.h>

#include "transport/stream.h"

/**
 * Puts TLS over @p plain, which it owns if it succeeds.
 *
 * @param hostname  announced by SNI and checked in the certificate; an IP address is checked as one
 * @return PH_OK, PH_ERR_CONFIGURATION, PH_ERR_ARGUMENT (no host name), PH_ERR_NO_MEMORY
 */
int ph__tls_stream_new(const ph_allocator *allocator, struct ph__stream *plain,
                       ph_tls_config *config, const char *hostname, struct ph__stream **out,
                       struct ph__error *error);

/** Takes the handshake on. @return DONE, WANT_..., or FAILED (@p error says what to do) */
enum ph__io ph__tls_stream_handshake(struct ph__stream *stream, struct ph__error *error);

/** After the handshake. @param out  the caller's, freed by ph__tls_info_free. @return PH_OK or
 * PH_ERR_NO_MEMORY */
int ph__tls_stream_info(struct ph__stream *stream, ph_tls_info **out);

#endif
