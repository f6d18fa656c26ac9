/* SPDX-License-Identifier: MIT */
/*
 * ph_reply: one reply of the server (RFC 5321 section 4.2), Net::SMTP's Response.
 * Replies are made by the library and read by the caller; each belongs to the object that gave it.
 */
#ifndef POSTHASTE_REPLY_H
#define POSTHASTE_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include <posthaste/api.h>
#include <posthaste/error.h>

PH_BEGIN_DECLS

typedef struct ph_reply ph_reply;

/** @return the three-digit code, 100 to 599 (RFC 5321 section 4.2.1). */
PH_API int ph_reply_code(const ph_reply *reply);

/** @return the whole reply as sent, codes included, its lines joined by LF, none at the end. */
PH_API const char *ph_reply_text(const ph_reply *reply);

/** @return how many lines the reply has, at least 1. */
PH_API size_t ph_reply_line_count(const ph_reply *reply);

/** @return the text of line @p index without code and separator; NULL if there is no such line. */
PH_API const char *ph_reply_line(const ph_reply *reply, size_t index);

/** @return the first line, code included (Net::SMTP's Response#message). */
PH_API const char *ph_reply_message(const ph_reply *reply);

/** @return the enhanced status code such as "5.1.1" (RFC 3463, RFC 2034), or NULL if it has none.
 */
PH_API const char *ph_reply_enhanced_code(const ph_reply *reply);

/** @return true for 2yz. */
PH_API bool ph_reply_is_success(const ph_reply *reply);

/** @return true for 3yz. */
PH_API bool ph_reply_is_continue(const ph_reply *reply);

/**
 * The class of the code, as Net::SMTP's exception_class gives it: 4yz PH_ERR_SERVER_BUSY,
 * 50z PH_ERR_SYNTAX, 53z PH_ERR_AUTHENTICATION, other 5yz PH_ERR_FATAL, everything else
 * PH_ERR_UNKNOWN (also 2yz and 3yz: ask ph_reply_is_success first).
 */
PH_API ph_status ph_reply_error_class(const ph_reply *reply);

/**
 * Decodes the challenge of a 334 reply to AUTH CRAM-MD5: the base64 word behind the code.
 *
 * @param buffer  where the challenge goes; NULL only if @p size is 0
 * @param size    room in @p buffer, bytes
 * @param length  receives the challenge's length, also when it does not fit
 * @return PH_OK, or PH_ERR_ARGUMENT (no room: @p length says how much is needed), or
 *         PH_ERR_PROTOCOL (no challenge, or not base64). RFC 4954 section 4, RFC 2195.
 */
PH_API PH_MUST_CHECK int ph_reply_cram_md5_challenge(const ph_reply *reply, void *buffer,
                                                     size_t size, size_t *length);

PH_END_DECLS

#endif
