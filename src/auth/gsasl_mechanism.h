/* SPDX-License-Identifier: MIT */
/*
 * The mechanisms of GNU SASL as ph_mechanism sees them. user_data of a row is the allocator of the
 * exchange's own state; GNU SASL takes its memory from malloc.
 *
 * Characters: PLAIN and LOGIN send the bytes of user and secret as they are, UTF-8 or not. CRAM-MD5
 * of GNU SASL prepares both by SASLprep (RFC 4013), which leaves printable ASCII alone: "\u00aa"
 * becomes "a", and what is not UTF-8, is unassigned in Unicode 3.2 or is a control character ends
 * in PH_ERR_ARGUMENT.
 *
 * Secrets: what GNU SASL keeps of user and secret, and the responses that it makes, are wiped
 * before they are freed. Copies that it makes for the length of a call (CRAM-MD5 has some while it
 * prepares the secret) are out of reach.
 */
#ifndef PH_AUTH_GSASL_MECHANISM_H
#define PH_AUTH_GSASL_MECHANISM_H

#include <stddef.h>

#include <posthaste/allocator.h>
#include <posthaste/mechanism.h>

/**
 * Begins an exchange of any mechanism that GNU SASL has. Each has a context of its own (made in
 * some microseconds), so that objects in different threads share nothing.
 * @param name  as GNU SASL spells it
 * @return PH_OK, PH_ERR_NO_MEMORY, PH_ERR_ARGUMENT (this GNU SASL was built without it)
 */
int ph__gsasl_start(const char *name, const ph_allocator *allocator,
                    const ph_credentials *credentials, void **exchange);

/** RFC 4616: authorization identity or nothing, NUL, user, NUL, secret. */
int ph__gsasl_start_plain(const ph_credentials *credentials, void *user_data, void **exchange);

/** Answers two prompts, whatever they say, with user and secret. PH_ERR_ARGUMENT if the user wants
 * to act for another, as with CRAM-MD5: neither can say so. */
int ph__gsasl_start_login(const ph_credentials *credentials, void *user_data, void **exchange);

/** RFC 2195. */
int ph__gsasl_start_cram_md5(const ph_credentials *credentials, void *user_data, void **exchange);

/**
 * @return PH_OK; PH_ERR_PROTOCOL (a challenge that is malformed, empty where it must not be, or one
 *         too many); PH_ERR_ARGUMENT (characters that the mechanism does not take);
 *         PH_ERR_AUTHENTICATION (the server's proof is wrong, or the mechanism gave up);
 *         PH_ERR_NO_MEMORY. The response's explanation says which.
 */
int ph__gsasl_step(void *exchange, const void *challenge, size_t n,
                   ph_mechanism_response *response);

void ph__gsasl_finish(void *exchange);

#endif
