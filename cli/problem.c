/* SPDX-License-Identifier: MIT */
/* A failure on the command's own side, in the library's terms. */
#include "problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const ph_error *problem_set(struct problem *problem, ph_status status, ph_phase phase,
                            int system_errno, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    const size_t used = strlen(problem->text);
    if (system_errno != 0)
        (void)snprintf(problem->text + used, sizeof problem->text - used, ": %s",
                       strerror(system_errno));
    problem->error = (ph_error){.status = status,
                                .phase = phase,
                                .system_errno = system_errno,
                                .outcome = PH_OUTCOME_NOT_SENT,
                                .message = problem->text};
    return &problem->error;
}
