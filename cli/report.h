/* SPDX-License-Identifier: MIT */
/* What the command says on stderr, and the end of what it says on stdout. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "command.h"

#include <posthaste/api.h>
#include <posthaste/error.h>

/** Prints "posthaste NAME: " and a sentence on stderr. @param command  NULL: "posthaste" alone */
void complain(const struct command *command, const char *format, ...) PH_PRINTF(2, 3);

/** The same for a command line that is wrong. @return the exit code for that */
int complain_of_usage(const struct command *command, const char *format, ...) PH_PRINTF(2, 3);

/** Prints a failure of the library, and which option might help. @return its exit code */
int complain_of_error(const struct command *command, const ph_error *error);

/** Says that memory was too short. @return the exit code for that */
int complain_of_memory(const struct command *command);

/**
 * Writes out what stdout still holds. A reader that went away is no failure; a full disk is one.
 * @param code  what the command is to exit with
 * @return @p code, or the exit code for a failed output if it was 0
 */
int finish_output(const struct command *command, int code);

#endif
