/* SPDX-License-Identifier: MIT */
/* The two ways in which a dialogue is run. */
#ifndef TESTS_DIALOGUES_DRIVER_H
#define TESTS_DIALOGUES_DRIVER_H

#include <posthaste/posthaste.h>

#include "dialogues/runner/transcript.h"

/* How bytes are split on their way. */
enum split {
    SPLIT_WHOLE,
    SPLIT_BYTES,
    SPLIT_RANDOM
};

/**
 * Over the sans-I/O session.
 * @param seed       of random splits
 * @param allocator  what the session uses; if it fails, what counts is that the session ends in
 *                   PH_ERR_NO_MEMORY or success
 * @return NULL, or what went otherwise than the transcript says (static text)
 */
const char *run_over_session(const struct dialogue *dialogue, enum split split, unsigned seed,
                             const ph_allocator *allocator, bool may_fail);

/** Over a real socket through the blocking client, with a thread that plays the server. */
const char *run_over_client(const struct dialogue *dialogue);

/* ---- What both need ------------------------------------------------------------------------- */

/* The content and envelope of `do: send`, `do: data` and their like. */
struct mail {
    ph_message *message;
    char *body;
    size_t body_length;
};

/** Makes it from from=, to=A,B,C, policy=, body=, repeat=, type=, utf8=, and from-param=, to-param=
 */
void mail_make(struct mail *mail, const struct words *words);
void mail_release(struct mail *mail);

/** Makes an address of words 1 (the mailbox) and up (KEY or KEY=VALUE). @return as ph_address_new
 */
int address_make(const struct words *words, const ph_allocator *allocator, ph_address **out);

/** Trace lines, joined by LF. */
struct trace_text {
    char text[1 << 16];
    size_t length;
};
void trace_append(ph_trace_kind kind, const char *line, void *user_data);

/** @return "FILE:LINE: problem", with bytes escaped (static text) */
const char *tell_at(const struct dialogue *dialogue, const struct item *item, const char *format,
                    ...) PH_PRINTF(3, 4);

/** @return bytes escaped (one of two static rooms) */
const char *shown(const void *bytes, size_t n);

#endif
