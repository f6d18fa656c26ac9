/* SPDX-License-Identifier: MIT */
/* base64 (RFC 4648 section 4) without line breaks, as SASL in SMTP uses it. */
#ifndef PH_BASE_BASE64_H
#define PH_BASE_BASE64_H

#include <stddef.h>

#include "base/buffer.h"

/** Appends @p n bytes in base64. @return as ph__buffer_append */
int ph__base64_encode(struct ph__buffer *out, const void *bytes, size_t n);

/** Appends what @p n characters of base64 stand for. @return as ph__buffer_append, or
 * PH_ERR_PROTOCOL (not base64) */
int ph__base64_decode(struct ph__buffer *out, const char *text, size_t n);

#endif
