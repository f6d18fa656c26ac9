/* SPDX-License-Identifier: MIT */
/* Help, made from the tables. */
#include <stdio.h>
#include <string.h>

#include "command.h"

enum {
    help_column = 30,
    width = 80
};

/* @return how much of @p text goes on a line of @p room: whole words, up to a \n at most */
static size_t line_length(const char *text, size_t room)
{
    const size_t length = strcspn(text, "\n");
    if (length <= room)
        return length;
    size_t cut = room;
    while (cut > 0 && text[cut] != ' ')
        cut--;
    return cut > 0 ? cut : length; /* a word longer than a line */
}

/* Prints text in lines that begin at @p indent; the first one continues at @p column. */
static void print_filled(const char *text, size_t column, size_t indent)
{
    while (*text != '\0') {
        const size_t length = line_length(text, width - indent);
        (void)printf("%*s%.*s\n", (int)(indent - column), "", (int)length, text);
        text += length;
        if (*text != '\0') /* the blank or \n that the line was cut at */
            text++;
        column = 0;
    }
}

/* Prints help beside its option, or below a long one. */
static void print_beside(size_t column, const char *text)
{
    if (column + 2 > help_column) {
        (void)putchar('\n');
        column = 0;
    }
    print_filled(text, column, help_column);
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
    (void)printf("usage: posthaste %s %s\n\n", command->name, command->usage);
    print_filled(command->description, 0, 0);
    for (const struct option_group *const *group = command->groups; *group; group++) {
        (void)printf("\n%s:\n", (*group)->title);
        for (const struct option *option = (*group)->options; option->name; option++)
            print_option(option);
    }
    (void)printf("\n%s(1) says more.\n", command->page ? command->page : "posthaste");
}
