/* SPDX-License-Identifier: MIT */
/*
 * What holds of every session, whatever server and caller do: what session_fuzz.c watches it by.
 *
 * - Command lines are printable bytes and CRLF.
 * - Content has CRLF line ends alone, is of its declared type, and has its end only once it was
 *   given to its end. Where a transaction failed, a dot alone goes to no recipient.
 * - No secret is in a trace or an error.
 * - A message counts as sent only by a 2yz reply behind its end; its outcome is unknown exactly if
 *   its end was written and no reply tells.
 * - Each operation that was begun ends once.
 */
#ifndef TESTS_FUZZ_SESSION_RULES_H
#define TESTS_FUZZ_SESSION_RULES_H

#include "protocol/session.h"

#define RULES_USER   "user"
#define RULES_SECRET "Tr0ub4dor-and-3"
#define RULES_PLAIN  "AHVzZXIAVHIwdWI0ZG9yLWFuZC0z" /* NUL user NUL secret, in base64 */

struct session_rules {
    bool input_has_secret; /* the fuzzer found it out, so that anybody may say it */
    bool ends_in_cr;       /* of what was written of a command line */
    bool has_operation;
    bool has_message;
    bool was_broken;
    /* Of the message under way: */
    ph_body_type type;
    bool gave_last;
    uint64_t n_content;
    uint8_t tail[5]; /* the last bytes that were written of it */
    bool end_was_written;
};

void rules_init(struct session_rules *rules, const uint8_t *data, size_t size);

/** A text that may be shown to anybody. NULL is allowed. */
void rules_text(const struct session_rules *rules, const char *text);

/** @return what the session writes next is content */
bool rules_is_content_next(const struct ph__session *session);

void rules_output(struct session_rules *rules, const uint8_t *bytes, size_t n, bool is_content,
                  const ph_result *result);
void rules_submitted(struct session_rules *rules, int status);
void rules_message_begun(struct session_rules *rules, bool is_under_way, ph_body_type type);
void rules_event(struct session_rules *rules, const struct ph__session *session,
                 const struct ph__event *event, const ph_result *result);

/** Between two steps. */
void rules_between(struct session_rules *rules, const struct ph__session *session);

/** At the end. */
void rules_result(const struct session_rules *rules, const ph_result *result);

#endif
