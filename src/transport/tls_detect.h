/* SPDX-License-Identifier: MIT */
/* What listens there, told by its first bytes: TLS, SMTP in plain text, or something else. */
#ifndef PH_TRANSPORT_TLS_DETECT_H
#define PH_TRANSPORT_TLS_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** @return the bytes begin a TLS record: an alert or a handshake (RFC 8446 section 5.1) */
bool ph__looks_like_tls(const uint8_t *bytes, size_t n);

/** @return the bytes begin a reply of an SMTP server */
bool ph__looks_like_smtp(const uint8_t *bytes, size_t n);

#endif
