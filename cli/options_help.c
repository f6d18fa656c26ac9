/* SPDX-License-Identifier: MIT */
/* Help, made from the tables. */
#include <stdio.h>
#include <string.h>

#include "command.h"

enum {
    help_column = 30
};

/* Prints help text beside its option, each further line below the first. */
static void print_beside(size_t column, const char *text)
{
    if (column + 2 > help_column) {
        (void)putchar('\n');
        column = 0;
    }
    for (;;) {
        const size_t length = strcspn(text, "\n");
        (void)printf("%*s%.*s\n", (int)(help_column - column), "", (int)length, text);
        if (text[length] == '\0')
            return;
        text += length + 1;
        column = 0;
    }
}

static void print_option(const struct option *option)
{
    int column = printf("  --%s", option->name);
    if (option->value)
        column += printf(" %s", option->value);
    print_beside(column > 0 ? (size_t)column : 0, option->help);
}

void options_print_help(const struct command *command)
{
    (void)printf("usage: posthaste %s %s\n\n%s", command->name, command->usage,
                 command->description);
    for (const struct option_group *const *group = command->groups; *group; group++) {
        (void)printf("\n%s:\n", (*group)->title);
        for (const struct option *option = (*group)->options; option->name; option++)
            print_option(option);
    }
    (void)printf("\nposthaste(1) says more.\n");
}
