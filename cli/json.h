/* SPDX-License-Identifier: MIT */
/* What the command says as JSON: replies, errors, TLS. Made so that it is always valid UTF-8. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include <posthaste/error.h>
#include <posthaste/message.h>
#include <posthaste/reply.h>
#include <posthaste/tls.h>

/** All of these return a new reference, or NULL without memory; NULL as argument gives null. */
json_t *json_text(const char *text);
json_t *json_text_n(const char *text, size_t n);
json_t *json_reply(const ph_reply *reply); /**< {code, enhanced, text} */
json_t *json_error(const ph_error *error); /**< {class, phase, code, enhanced, text, ...} */
json_t *json_tls(const ph_tls_info *tls);  /**< {version, cipher, verified} */

/** @return {address, accepted, code, enhanced, text} of recipient @p index; @p result may be NULL
 */
json_t *json_recipient(const char *address, const ph_result *result, size_t index);
json_t *json_code(int code); /**< a reply code; null for 0 */

/** @return "HOST:PORT" as it was connected to, or "unix:PATH" */
json_t *json_server(const char *address, int port);

/** Prints an object on stdout, indented, and drops it. @return it was there to be printed */
bool json_print(json_t *object);

#endif
