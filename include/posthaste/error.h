/* SPDX-License-Identifier: MIT */
/*
 * What went wrong, where, and what became of the message: ph_status, ph_phase, ph_outcome,
 * ph_error. Numbers are stable: a binding may copy them.
 */
#ifndef POSTHASTE_ERROR_H
#define POSTHASTE_ERROR_H

#include <stdbool.h>

#include <posthaste/api.h>

PH_BEGIN_DECLS

/*
 * Every status, once: X(name, number, text). A status exists if a program would act on it;
 * the rest is said in ph_error.
 *
 * The five classes of refusals are Net::SMTP's: SERVER_BUSY 4yz, SYNTAX 50z, AUTHENTICATION 53z
 * (and every failed AUTH), FATAL any other 5yz, UNKNOWN a reply of no expected class.
 */
/* clang-format off */
#define PH_STATUS_MAP(X)                                                                           \
    X(OK,                  0, "success")                                                           \
    X(ERR_ARGUMENT,       -1, "invalid argument")                                                  \
    X(ERR_STATE,          -2, "not possible in this state")                                        \
    X(ERR_NO_MEMORY,      -3, "out of memory")                                                     \
    X(ERR_HOST_UNKNOWN,   -4, "host name cannot be resolved")                                      \
    X(ERR_IO,             -5, "input or output failed")                                            \
    X(ERR_CLOSED,         -6, "connection closed by the server")                                   \
    X(ERR_OPEN_TIMEOUT,   -7, "time limit for opening the connection passed")                      \
    X(ERR_READ_TIMEOUT,   -8, "time limit for reading passed")                                     \
    X(ERR_WRITE_TIMEOUT,  -9, "time limit for writing passed")                                     \
    X(ERR_TLS,           -10, "TLS failed")                                                        \
    X(ERR_CERTIFICATE,   -11, "server certificate refused")                                        \
    X(ERR_PROTOCOL,      -12, "server broke the protocol")                                         \
    X(ERR_UNSUPPORTED,   -13, "not supported by the server")                                       \
    X(ERR_INSECURE,      -14, "password withheld from a connection without TLS")                   \
    X(ERR_SERVER_BUSY,   -15, "refused for now (4yz)")                                             \
    X(ERR_SYNTAX,        -16, "command refused as wrong (50z)")                                    \
    X(ERR_AUTHENTICATION,-17, "authentication refused or required (53z)")                          \
    X(ERR_FATAL,         -18, "refused for good (5yz)")                                            \
    X(ERR_UNKNOWN,       -19, "unexpected reply")                                                  \
    X(ERR_SOURCE,        -20, "message source failed")                                             \
    X(ERR_BROKEN,        -21, "session was broken by an earlier failure")                          \
    X(ERR_CONFIGURATION, -22, "TLS settings or files unusable")                                    \
    X(ERR_FULL,          -23, "no room for more now")                                              \
    X(ERR_CANCELLED,     -24, "cancelled")
/* clang-format on */

/** What a call returns: PH_OK (0) or a negative status. */
typedef enum ph_status {
#define PH_STATUS_ENUM(name, number, text) PH_##name = (number),
    PH_STATUS_MAP(PH_STATUS_ENUM)
#undef PH_STATUS_ENUM
} ph_status;

/* Every phase, once: X(name, number, text). The text is what a message says of the place. */
/* clang-format off */
#define PH_PHASE_MAP(X)                                                                            \
    X(NONE,      0, "none")                                                                        \
    X(RESOLVE,   1, "resolve")                                                                     \
    X(CONNECT,   2, "connect")                                                                     \
    X(TLS,       3, "tls")                                                                         \
    X(GREETING,  4, "greeting")                                                                    \
    X(EHLO,      5, "ehlo")                                                                        \
    X(HELO,      6, "helo")                                                                        \
    X(STARTTLS,  7, "starttls")                                                                    \
    X(AUTH,      8, "auth")                                                                        \
    X(MAIL,      9, "mail")                                                                        \
    X(RCPT,     10, "rcpt")                                                                        \
    X(DATA,     11, "data")                                                                        \
    X(BODY,     12, "body")                                                                        \
    X(RSET,     13, "rset")                                                                        \
    X(NOOP,     14, "noop")                                                                        \
    X(VRFY,     15, "vrfy")                                                                        \
    X(HELP,     16, "help")                                                                        \
    X(QUIT,     17, "quit")                                                                        \
    X(COMMAND,  18, "command")
/* clang-format on */

/** Where in a session something happened. BODY is the message's content and the reply to its end.
 */
typedef enum ph_phase {
#define PH_PHASE_ENUM(name, number, text) PH_PHASE_##name = (number),
    PH_PHASE_MAP(PH_PHASE_ENUM)
#undef PH_PHASE_ENUM
} ph_phase;

/**
 * What became of a message. UNKNOWN: its end was handed to the system, and then no reply could be
 * had, or none that takes or refuses it (2yz, 4yz, 5yz); the server may or may not have it, and
 * sending it again may deliver it twice (RFC 5321 section 6.1).
 */
typedef enum ph_outcome {
    PH_OUTCOME_NOT_SENT = 0,
    PH_OUTCOME_SENT = 1,
    PH_OUTCOME_UNKNOWN = 2
} ph_outcome;

/**
 * One failure, whole. Made by the library; it belongs to the object that it was asked from and is
 * valid until the next call on that object. New fields go at the end.
 */
typedef struct ph_error {
    ph_status status;          /**< for programs: which failure */
    ph_phase phase;            /**< where it happened */
    int reply_code;            /**< the server's reply code, such as 550; 0 if no reply tells */
    const char *enhanced_code; /**< "5.1.1" (RFC 3463), or NULL */
    const char
        *reply_text; /**< every line of the reply, joined by LF, control bytes escaped, or NULL */
    const char *command; /**< "RCPT TO:<b@example.org>"; credentials never appear; or NULL */
    int system_errno;    /**< errno of the failed system call; 0 if none */
    ph_outcome outcome;  /**< of the message in hand; NOT_SENT when there was none */
    const char *message; /**< one sentence: what happened, where, and what to do */
} ph_error;

/** @return the name of @p status without prefix, such as "ERR_FATAL"; "?" for other numbers. Static
 * text. */
PH_API const char *ph_status_name(int status);

/** @return a few words on @p status, such as "refused for good (5yz)". Static text. */
PH_API const char *ph_status_text(int status);

/**
 * @return whether what failed with @p status may succeed if it is tried again as it is: a refusal
 * for now (4yz), a server that could not be reached, a connection that was lost, no memory or room.
 * A message must not be sent again for that alone: if its outcome is PH_OUTCOME_UNKNOWN it may
 * arrive twice. ph_pool goes by this.
 */
PH_API bool ph_status_may_pass(int status);

/** @return the name of @p phase in lower case, such as "rcpt"; "?" for other numbers. Static text.
 */
PH_API const char *ph_phase_name(ph_phase phase);

/** @return "not-sent", "sent" or "unknown"; "?" for other numbers. Static text. */
PH_API const char *ph_outcome_name(ph_outcome outcome);

PH_END_DECLS

#endif
