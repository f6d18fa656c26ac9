/* SPDX-License-Identifier: MIT */
/*
 * What holds of the events, texts and answers of every session, whatever server and caller do: what
 * session_fuzz.c watches it by. What it writes is watched by session_wire.h.
 *
 * - No secret is in a trace or an error.
 * - Each operation that was begun ends once; messages end in their order. None is forgotten: as
 *   long as one is under way, a reply or content is awaited.
 * - A message counts as sent only by a 2yz reply behind its end, and as not sent only if nobody can
 *   have it (session_message.h).
 * - A broken session writes nothing, awaits nothing, and can only fail.
 */
#ifndef TESTS_FUZZ_SESSION_RULES_H
#define TESTS_FUZZ_SESSION_RULES_H

#include "fuzz/session_wire.h"
#include "protocol/session.h"

#define RULES_USER   "user"
#define RULES_SECRET "Tr0ub4dor-and-3"
#define RULES_PLAIN  "AHVzZXIAVHIwdWI0ZG9yLWFuZC0z" /* NUL user NUL secret, in base64 */

struct session_rules {
    bool input_has_secret; /* the fuzzer found it out, so that anybody may say it */
    bool has_operation;    /* a single command, or the start */
    bool was_broken;
    uint64_t replies;
    struct wire *wire;
};

void rules_init(struct session_rules *rules, struct wire *wire, const uint8_t *data, size_t size);

/** A text that may be shown to anybody. NULL is allowed. */
void rules_text(const struct session_rules *rules, const char *text);
void rules_error(const struct session_rules *rules, const ph_error *error);

/** A single command was submitted. */
void rules_submitted(struct session_rules *rules, int status);

/** A message was submitted: the last of the wire's. */
void rules_message_submitted(struct session_rules *rules, int status);

/** The session took in what it was fed: what it takes for a reply the server has answered. */
void rules_fed(struct session_rules *rules, const struct ph__session *session);

void rules_event(struct session_rules *rules, const struct ph__session *session,
                 const struct ph__event *event);

/** Everything there was to write was written: what is under way waits for somebody. */
void rules_all_written(const struct session_rules *rules, const struct ph__session *session);

/** Between two steps. */
void rules_between(struct session_rules *rules, const struct ph__session *session);

#endif
