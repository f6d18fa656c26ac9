/* SPDX-License-Identifier: MIT */
/* A failure on the command's own side, in the library's terms. */
#include "problem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <posthaste/address.h>

#include "printable.h"

/* What no system call said, but the command did, which borrows its numbers. */
static const char *text_of(int system_errno)
{
    if (system_errno == ESPIPE)
        return "it is a pipe, a device or a socket, and not a file";
    if (system_errno == ENODATA)
        return "it has become shorter";
    return strerror(system_errno);
}

static const ph_error *PH_PRINTF(5, 0)
    set(struct problem *problem, ph_status status, ph_phase phase, int system_errno,
        const char *format, va_list arguments)
{
    (void)vsnprintf(problem->text, sizeof problem->text, format, arguments);
    const size_t used = strlen(problem->text);
    if (system_errno != 0)
        (void)snprintf(problem->text + used, sizeof problem->text - used, ": %s",
                       text_of(system_errno));
    problem->error = (ph_error){.status = status,
                                .phase = phase,
                                .system_errno = system_errno,
                                .outcome = PH_OUTCOME_NOT_SENT,
                                .message = problem->text};
    return &problem->error;
}

const ph_error *problem_set(struct problem *problem, ph_status status, ph_phase phase,
                            int system_errno, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const ph_error *error = set(problem, status, phase, system_errno, format, arguments);
    va_end(arguments);
    return error;
}

const ph_error *problem_of_file(struct problem *problem, int system_errno, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const ph_error *error =
        set(problem, PH_ERR_SOURCE, PH_PHASE_NONE, system_errno, format, arguments);
    va_end(arguments);
    const size_t used = strlen(problem->text);
    (void)snprintf(problem->text + used, sizeof problem->text - used, "; nothing was sent");
    return error;
}

const ph_error *problem_of_reading(struct problem *problem, int system_errno, const char *path)
{
    return problem_of_file(problem, system_errno, "cannot read %.300s", path);
}

const ph_error *problem_of_memory(struct problem *problem)
{
    return problem_set(problem, PH_ERR_NO_MEMORY, PH_PHASE_NONE, 0, "out of memory");
}

const ph_error *problem_of_address(struct problem *problem, int status, ph_phase phase,
                                   const char *address)
{
    char *shown = status == PH_ERR_NO_MEMORY ? NULL : printable(address);
    const bool is_long = strlen(address) > PH_ADDRESS_MAX;
    if (!shown)
        return problem_set(problem, PH_ERR_NO_MEMORY, phase, 0, "out of memory");
    const ph_error *error =
        problem_set(problem, PH_ERR_ARGUMENT, phase, 0,
                    "--%s: \"%.200s%s\" is not an address%s; write it as user@example.org; nothing "
                    "was sent",
                    phase == PH_PHASE_MAIL ? "from" : "to", shown, strlen(shown) > 200 ? "..." : "",
                    is_long ? " (it is too long)" : "");
    free(shown);
    return error;
}
