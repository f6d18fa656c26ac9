/* SPDX-License-Identifier: MIT */
/* The server's side of SASL: PLAIN, LOGIN and CRAM-MD5 through GNU SASL. */
#ifndef SINK_LOGIN_H
#define SINK_LOGIN_H

#include <stddef.h>

#include "sink/bytes.h"
#include "sink/sink.h"

#define LOGIN_MECHANISMS "PLAIN LOGIN CRAM-MD5"

enum login_outcome {
    LOGIN_CHALLENGE, /* send 334 and the challenge, hear a response */
    LOGIN_ACCEPTED,
    LOGIN_REFUSED,
    LOGIN_MALFORMED /* the response is no base64, or none was to be sent yet */
};

/* Who may log in, and how. */
struct logins;

/** @param users  "USER:PASSWORD", the caller's. @return NULL if GNU SASL cannot be set up */
struct logins *sink_logins_new(const struct ph_sink_list *users);
void sink_logins_free(struct logins *logins);

/* One exchange. */
struct login;

/** @return an exchange, or NULL if there is no such mechanism */
struct login *sink_login_new(const struct logins *logins, const char *mechanism);
void sink_login_free(struct login *login);

/** @return who logged in, after LOGIN_ACCEPTED; the exchange's */
const char *sink_login_user(const struct login *login);

/**
 * Takes a response, in base64; NULL if there was none with the command, "=" for an empty one.
 * @param challenge  receives the next challenge in base64
 */
enum login_outcome sink_login_step(struct login *login, const char *response,
                                   struct bytes *challenge);

#endif
