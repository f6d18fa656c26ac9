/* SPDX-License-Identifier: MIT */
/*
 * XOAUTH2, the mechanism of Google and Microsoft for OAuth 2.0 bearer tokens, older than and
 * unlike OAUTHBEARER (RFC 7628). A row of mechanism_table.c; user_data is the allocator.
 */
#ifndef PH_AUTH_XOAUTH2_H
#define PH_AUTH_XOAUTH2_H

#include <stddef.h>

#include <posthaste/mechanism.h>

/**
 * @return PH_OK; PH_ERR_NO_MEMORY; PH_ERR_ARGUMENT: user and token do not fit into a response,
 *         contain control bytes (0x01 parts the fields), or the user wants to act for another
 */
int ph__xoauth2_start(const ph_credentials *credentials, void *user_data, void **exchange);

/** The first response has it all. A challenge is the server's refusal in JSON: it is kept as the
 * explanation and answered by an empty response, upon which the server sends its final reply. */
int ph__xoauth2_step(void *exchange, const void *challenge, size_t n,
                     ph_mechanism_response *response);

void ph__xoauth2_finish(void *exchange);

#endif
