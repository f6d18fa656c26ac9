/* SPDX-License-Identifier: MIT */
/*
 * A failure on the command's own side (no such file, no password), in the library's terms, so that
 * it is told as all others are: in a sentence, in JSON, by an exit code.
 */
#ifndef CLI_PROBLEM_H
#define CLI_PROBLEM_H

#include <posthaste/api.h>
#include <posthaste/error.h>

struct problem {
    ph_error error; /* its message is text */
    char text[600];
};

/**
 * Records a failure.
 * @param system_errno  0 if no system call failed; its text is added to the sentence
 * @return the error, valid as long as @p problem
 */
const ph_error *problem_set(struct problem *problem, ph_status status, ph_phase phase,
                            int system_errno, const char *format, ...) PH_PRINTF(5, 6);

/**
 * Records that a file cannot be used, before anything was sent, which is said behind the reason.
 * @return as problem_set
 */
const ph_error *problem_of_file(struct problem *problem, int system_errno, const char *format, ...)
    PH_PRINTF(3, 4);

/** Records that a file cannot be read, likewise. @return as problem_set */
const ph_error *problem_of_reading(struct problem *problem, int system_errno, const char *path);

/** Records that memory is short. @return as problem_set */
const ph_error *problem_of_memory(struct problem *problem);

/**
 * Records that an address of the command line is none.
 * @param status  PH_ERR_ARGUMENT, or PH_ERR_NO_MEMORY if that is why it was not taken
 * @param phase   PH_PHASE_MAIL: it stood behind --from; PH_PHASE_RCPT: behind --to
 * @return as problem_set
 */
const ph_error *problem_of_address(struct problem *problem, int status, ph_phase phase,
                                   const char *address);

#endif
