/* SPDX-License-Identifier: MIT */
/*
 * ph_mechanism: a SASL mechanism as a session drives it (RFC 4954). PLAIN, LOGIN, CRAM-MD5 and
 * XOAUTH2 are built in; a program adds its own with ph_smtp_add_mechanism (Net::SMTP's
 * Authenticator).
 */
#ifndef POSTHASTE_MECHANISM_H
#define POSTHASTE_MECHANISM_H

#include <stddef.h>

#include <posthaste/api.h>
#include <posthaste/error.h>

PH_BEGIN_DECLS

/** Who logs in. Lent to ph_mechanism.start for the length of that call. */
typedef struct ph_credentials {
    const char *authorization_id; /**< whom to act for, or NULL for the user; a mechanism that
                                     cannot say it returns PH_ERR_ARGUMENT from start */
    const char *user;             /**< authentication identity; never NULL */
    const char *secret;           /**< password or token; never NULL */
    const char *host;             /**< the server's name as the caller gave it */
} ph_credentials;

/** Takes the bytes of a response; wiped after use. */
typedef struct ph_mechanism_response ph_mechanism_response;

/**
 * Appends @p n bytes to a response, before base64.
 * @return PH_OK, PH_ERR_NO_MEMORY, or PH_ERR_ARGUMENT beyond the 12288 octets of base64 that a
 *         line is expected to hold (RFC 4954 section 4): 9216 bytes in all
 */
PH_API PH_MUST_CHECK int ph_mechanism_respond(ph_mechanism_response *response, const void *bytes,
                                              size_t n);

/**
 * Keeps a text for the error that follows if the exchange fails: what the server said inside the
 * exchange, such as the JSON of XOAUTH2, or why step gave up. Replaces an earlier text.
 * @param text  copied, up to 512 bytes; escaped when it is shown; NULL for none
 */
PH_API void ph_mechanism_explain(ph_mechanism_response *response, const char *text);

/**
 * Says that this response is the mechanism's last word: the server's verdict is awaited. Every
 * mechanism must say so once, in the step that gives its last response; a server that accepts
 * before is not believed (it may have skipped its own proof), and a refusal after it is one of the
 * login, whatever its code.
 */
PH_API void ph_mechanism_complete(ph_mechanism_response *response);

/** The mechanism speaks first: its first response goes with the AUTH command (RFC 4954 section 4).
 */
#define PH_MECHANISM_CLIENT_FIRST 0x1u

/** Whoever reads the exchange has the password or token: refused without TLS unless allowed. */
#define PH_MECHANISM_EXPOSES_SECRET 0x2u

/**
 * A mechanism. The structure is copied when it is added; @c name is copied too. All three functions
 * are needed; flags that this version does not know are refused.
 * Functions return PH_OK or a negative status, which ends the exchange with that error ("*" is
 * sent, RFC 4954 section 4). They must not call the object that runs them.
 */
typedef struct ph_mechanism {
    const char *name; /**< 1 to 20 of A-Z, 0-9, "-" and "_" (RFC 4422 section 3.1); not AUTO */
    unsigned flags;   /**< PH_MECHANISM_... */

    /** Begins an exchange; @c *exchange is handed to step and finish. */
    int (*start)(const ph_credentials *credentials, void *user_data, void **exchange);

    /**
     * Answers a challenge (decoded from base64; n is 0 for the first response of a mechanism that
     * speaks first). An empty response is an empty line.
     */
    int (*step)(void *exchange, const void *challenge, size_t n, ph_mechanism_response *response);

    /** Ends an exchange, always called after a successful start; wipes what it kept. */
    void (*finish)(void *exchange);

    void *user_data; /**< handed to start */
} ph_mechanism;

PH_END_DECLS

#endif
