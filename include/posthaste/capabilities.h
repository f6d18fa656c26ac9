/* SPDX-License-Identifier: MIT */
/*
 * ph_capabilities: what a server said in its reply to EHLO (RFC 5321 section 4.1.1.1).
 * Keywords and mechanisms compare without regard to case, and whole.
 */
#ifndef POSTHASTE_CAPABILITIES_H
#define POSTHASTE_CAPABILITIES_H

#include <stdbool.h>
#include <stddef.h>

#include <posthaste/api.h>
#include <posthaste/reply.h>

PH_BEGIN_DECLS

typedef struct ph_capabilities ph_capabilities;

/** @return true if the server offers @p keyword, such as "SIZE". */
PH_API bool ph_capabilities_has(const ph_capabilities *capabilities, const char *keyword);

/**
 * @return the parameters of @p keyword as sent, one blank between words, "" if it has none,
 *         NULL if it is not offered. The parameters of AUTH include those of the old form "AUTH=".
 */
PH_API const char *ph_capabilities_parameters(const ph_capabilities *capabilities,
                                              const char *keyword);

/** @return how many keywords are offered; 0 after HELO. */
PH_API size_t ph_capabilities_count(const ph_capabilities *capabilities);

/** @return keyword number @p index in the server's order and spelling; NULL if there is none. */
PH_API const char *ph_capabilities_keyword(const ph_capabilities *capabilities, size_t index);

/** @return true if the server offers the SASL mechanism @p mechanism, such as "PLAIN". */
PH_API bool ph_capabilities_has_auth(const ph_capabilities *capabilities, const char *mechanism);

/** @return how many SASL mechanisms are offered. */
PH_API size_t ph_capabilities_auth_count(const ph_capabilities *capabilities);

/** @return mechanism number @p index in the server's order; NULL if there is none. */
PH_API const char *ph_capabilities_auth(const ph_capabilities *capabilities, size_t index);

/**
 * Reads the capabilities from a reply to EHLO; one line (as HELO gives) means none.
 *
 * @param out  receives the new object; the caller frees it with ph_capabilities_free
 * @return PH_OK, PH_ERR_NO_MEMORY, or PH_ERR_ARGUMENT for a reply that is not 2yz
 */
PH_API PH_MUST_CHECK int ph_reply_capabilities(const ph_reply *reply, ph_capabilities **out);

/** Frees what ph_reply_capabilities made. NULL is allowed. Never for those that an object lends. */
PH_API void ph_capabilities_free(ph_capabilities *capabilities);

PH_END_DECLS

#endif
