/* SPDX-License-Identifier: MIT */
/* What is true after an operation, whichever driver ran it, and whether it is as a transcript
 * expects. */
#ifndef TESTS_DIALOGUES_EXPECTATION_H
#define TESTS_DIALOGUES_EXPECTATION_H

#include <posthaste/posthaste.h>

struct state {
    int status; /* of the last operation */
    const ph_error *error;
    const ph_reply *reply;
    const ph_result *result;
    const ph_capabilities *capabilities;
    const char *notice;
    const char *trace; /* all of it */
    int is_started;    /* -1: the driver does not know */
    bool is_broken;
};

/** @return NULL if @p text holds, or what is the case instead (static text) */
const char *expectation_problem(const char *text, const struct state *state);

#endif
