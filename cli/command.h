/* SPDX-License-Identifier: MIT */
/*
 * A subcommand: one row, defined in its cmd_NAME.c and listed in main.c.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "options.h"

struct command {
    const char *name;
    const char *summary;                      /* a line in the list of commands */
    const char *usage;                        /* what follows "posthaste NAME" */
    const char *description;                  /* \n ends a paragraph */
    const char *page;                         /* of the manual; NULL: "posthaste" */
    const struct option_group *const *groups; /* ended by NULL */
    int (*run)(const struct command *self, int argc, char **argv); /* @return the exit code */
};

extern const struct command command_send;
extern const struct command command_bulk;
extern const struct command command_talk;
extern const struct command command_probe;
extern const struct command command_sink;

#endif
