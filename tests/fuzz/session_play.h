/* SPDX-License-Identifier: MIT */
/* A play of a fuzzed session, and the steps that are about messages (session_submit.c). */
#ifndef TESTS_FUZZ_SESSION_PLAY_H
#define TESTS_FUZZ_SESSION_PLAY_H

#include "auth/mechanism_table.h"
#include "fuzz/fuzz.h"
#include "fuzz/session_rules.h"

struct play {
    struct session_rules rules;
    struct wire wire;
    struct ph__session *session;
    struct ph__mechanism_table mechanisms;
    struct ph__trace trace;
    struct fuzz_cutter cutter;
    uint64_t seen;
    ph_address *address;
};

/** Pulls every event there is. */
void play_pull_events(struct play *play);

typedef void play_step(struct play *play, const struct fuzz_line *line);

/** Submits a message. The first letter of the line says which kind: "0" a plain one, "1" to any of
 * its recipients, "<" one that can be had again, "H" one with line ends that are vouched for, and
 * others by the same bits. Words are recipients. */
play_step step_sends;
play_step step_data;    /* ... in a transaction that single commands began */
play_step step_cancels; /* the first letter says which of those under way */

/* The content that is awaited, if any is: the line, "$" at its end for a line end. */
play_step step_lends, step_lends_last;
play_step step_lends_much, step_lends_much_last; /* ... again and again */
play_step step_lends_file, step_lends_file_last; /* as many bytes of a file */
play_step step_source_fails;

#endif
