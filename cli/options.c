/* SPDX-License-Identifier: MIT */
/* Reading a command line by the tables of a command; what is wrong with it is said here. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "exit_code.h"
#include "report.h"
#include "suggestion.h"

/* One reading of a command line. */
struct reader {
    const struct command *command;
    char **argv;
    int argc;
    int next; /* the argument that is read next */
    void *const *targets;
    int exit_code;
};

/* An option on the command line: its row, its field, and its value ("" for a flag). */
struct given {
    const struct option *option;
    void *field;
    const char *value;
};

/* ---- Values ---------------------------------------------------------------------------------- */

static bool refuse_value(struct reader *reader, const struct given *given, const char *allowed)
{
    reader->exit_code = complain_of_usage(reader->command, "--%s: \"%s\" is not %s",
                                          given->option->name, given->value, allowed);
    return false;
}

/* @return the place of the first @p n bytes of @p text among words, -1 if they are none */
static int find_word(const char *const *words, const char *text, size_t n)
{
    for (int i = 0; words[i]; i++) {
        if (strlen(words[i]) == n && strncmp(words[i], text, n) == 0)
            return i;
    }
    return -1;
}

static bool refuse_word(struct reader *reader, const struct given *given)
{
    char allowed[128] = "one of";
    for (int i = 0; given->option->words[i]; i++) {
        const size_t used = strlen(allowed);
        (void)snprintf(allowed + used, sizeof allowed - used, "%s %s", i > 0 ? "," : "",
                       given->option->words[i]);
    }
    return refuse_value(reader, given, allowed);
}

static bool take_choice(struct reader *reader, const struct given *given)
{
    const int place = find_word(given->option->words, given->value, strlen(given->value));
    if (place < 0)
        return refuse_word(reader, given);
    *(int *)given->field = place;
    return true;
}

static bool take_words(struct reader *reader, const struct given *given)
{
    for (const char *word = given->value;;) {
        const size_t length = strcspn(word, ",");
        const int place = find_word(given->option->words, word, length);
        if (place < 0) {
            char unknown[64];
            (void)snprintf(unknown, sizeof unknown, "%.*s", (int)length, word);
            return refuse_word(reader, &(struct given){.option = given->option, .value = unknown});
        }
        *(unsigned *)given->field |= 1U << place;
        if (word[length] == '\0')
            return true;
        word += length + 1;
    }
}

static bool take_seconds(struct reader *reader, const struct given *given)
{
    static const char allowed[] = "a number of seconds such as 30 or 2.5, at most 4000000";
    char *end;
    if (!isdigit((unsigned char)given->value[0]) ||
        strspn(given->value, "0123456789.") != strlen(given->value))
        return refuse_value(reader, given, allowed);
    const double seconds = strtod(given->value, &end);
    if (*end != '\0' || seconds > 4e6)
        return refuse_value(reader, given, allowed);
    const uint32_t milliseconds = (uint32_t)(seconds * 1000 + 0.5);
    /* 0 means something of its own (no limit, never), which a very short time must not become. */
    *(uint32_t *)given->field = milliseconds == 0 && seconds > 0 ? 1 : milliseconds;
    return true;
}

/* @return what a unit stands for as a power of two, -1 if it is none */
static int unit_shift(const char *unit)
{
    static const char units[] = "kKmMgG";
    const char *found = *unit != '\0' ? strchr(units, *unit) : NULL;
    if (*unit == '\0')
        return 0;
    return found && unit[1] == '\0' ? 10 * (int)((found - units) / 2 + 1) : -1;
}

static bool take_size(struct reader *reader, const struct given *given)
{
    char *end;
    errno = 0;
    const uintmax_t number = strtoumax(given->value, &end, 10);
    const int shift = unit_shift(end);
    if (strspn(given->value, "0123456789") == 0 || shift < 0 || errno == ERANGE ||
        number > UINT64_MAX >> shift)
        return refuse_value(reader, given, "a number of bytes such as 10485760 or 10M");
    *(uint64_t *)given->field = (uint64_t)number << shift;
    return true;
}

static bool take_number(struct reader *reader, const struct given *given)
{
    const struct option *option = given->option;
    const size_t length = strlen(given->value);
    const bool is_number = length > 0 && strspn(given->value, "0123456789") == length;
    const uintmax_t number = strtoumax(given->value, NULL, 10); /* UINTMAX_MAX if it is larger */
    if (!is_number || number < option->least || number > option->most) {
        char allowed[64];
        (void)snprintf(allowed, sizeof allowed, "a whole number from %" PRIu32 " to %" PRIu32,
                       option->least, option->most);
        return refuse_value(reader, given, allowed);
    }
    *(uint64_t *)given->field = (uint64_t)number;
    return true;
}

static bool take_rate(struct reader *reader, const struct given *given)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"", 1}, {"/s", 1}, {"/m", 60}, {"/h", 3600}};
    const size_t digits = strspn(given->value, "0123456789.");
    char *end;
    const double number = strtod(given->value, &end);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (digits == 0 || end != given->value + digits || strcmp(end, units[i].unit) != 0 ||
            number <= 0 || number > 1e6)
            continue;
        *(double *)given->field = number / units[i].seconds;
        return true;
    }
    return refuse_value(reader, given, "a rate above 0 such as 10/s, 300/m or 5000/h");
}

static bool take_text(struct reader *reader, const struct given *given)
{
    struct option_texts *texts = given->field;
    const char **items = realloc(texts->items, (texts->count + 1) * sizeof *items);
    if (!items) {
        reader->exit_code = complain_of_memory(reader->command);
        return false;
    }
    items[texts->count++] = given->value;
    texts->items = items;
    return true;
}

void option_texts_release(struct option_texts *texts)
{
    free(texts->items);
    *texts = (struct option_texts){.items = NULL};
}

static bool take_value(struct reader *reader, const struct given *given)
{
    switch (given->option->kind) {
    case OPTION_FLAG:
        *(bool *)given->field = true;
        return true;
    case OPTION_TEXT:
        *(const char **)given->field = given->value;
        return true;
    case OPTION_TEXTS:
        return take_text(reader, given);
    case OPTION_CHOICE:
        return take_choice(reader, given);
    case OPTION_WORDS:
        return take_words(reader, given);
    case OPTION_SECONDS:
        return take_seconds(reader, given);
    case OPTION_SIZE:
        return take_size(reader, given);
    case OPTION_NUMBER:
        return take_number(reader, given);
    case OPTION_RATE:
        return take_rate(reader, given);
    }
    return false;
}

/* ---- Names ----------------------------------------------------------------------------------- */

/* Finds the option that is called so, and its field. */
static bool find_option(const struct reader *reader, const char *name, size_t length,
                        struct given *given)
{
    const struct option_group *const *groups = reader->command->groups;
    for (size_t g = 0; groups[g]; g++) {
        for (const struct option *option = groups[g]->options; option->name; option++) {
            if (strlen(option->name) != length || strncmp(option->name, name, length) != 0)
                continue;
            given->option = option;
            given->field = (char *)reader->targets[g] + option->offset;
            return true;
        }
    }
    return false;
}

static bool refuse_name(struct reader *reader, const char *argument, size_t dashes, size_t length)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%.*s", (int)length, argument + dashes);
    struct suggestion suggestion = suggestion_for(name);
    const struct option_group *const *groups = reader->command->groups;
    for (size_t g = 0; groups[g]; g++) {
        for (const struct option *option = groups[g]->options; option->name; option++)
            suggestion_consider(&suggestion, option->name);
    }
    suggestion_consider(&suggestion, "help");
    const int shown = (int)(dashes + length);
    if (suggestion.nearest)
        reader->exit_code =
            complain_of_usage(reader->command, "unknown option %.*s; did you mean --%s?", shown,
                              argument, suggestion.nearest);
    else
        reader->exit_code =
            complain_of_usage(reader->command, "unknown option %.*s", shown, argument);
    return false;
}

/* ---- Arguments ------------------------------------------------------------------------------- */

/* Finds the value of an option: behind "=", or the next argument. */
static bool find_value(struct reader *reader, struct given *given, const char *equals)
{
    const struct option *option = given->option;
    const char *next = reader->next < reader->argc ? reader->argv[reader->next] : NULL;
    given->value = equals ? equals + 1 : "";
    if (option->kind == OPTION_FLAG && equals) {
        reader->exit_code = complain_of_usage(reader->command, "--%s takes no value", option->name);
        return false;
    }
    if (option->kind == OPTION_FLAG || equals)
        return true;
    if (!next || strncmp(next, "--", 2) == 0) {
        reader->exit_code = complain_of_usage(
            reader->command, "--%s needs a value: --%s %s%s", option->name, option->name,
            option->value, next ? "; one that begins with -- is written behind =" : "");
        return false;
    }
    given->value = next;
    reader->next++;
    return true;
}

static bool read_option(struct reader *reader, const char *argument)
{
    const size_t dashes = strspn(argument, "-");
    const char *equals = strchr(argument, '=');
    const size_t length = (equals ? (size_t)(equals - argument) : strlen(argument)) - dashes;
    struct given given;
    if (strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0) {
        options_print_help(reader->command);
        reader->exit_code = finish_output(reader->command, EXIT_OK);
        return false;
    }
    if (dashes != 2 || !find_option(reader, argument + dashes, length, &given))
        return refuse_name(reader, argument, dashes, length);
    return find_value(reader, &given, equals) && take_value(reader, &given);
}

bool options_read(const struct command *command, int argc, char **argv, void *const *targets,
                  struct operands *operands, int *exit_code)
{
    struct reader reader = {
        .command = command, .argv = argv, .argc = argc, .targets = targets, .exit_code = EXIT_OK};
    bool only_operands = false;
    *operands = (struct operands){.items = argv};
    while (reader.next < argc) {
        char *argument = argv[reader.next++];
        if (!only_operands && strcmp(argument, "--") == 0) {
            only_operands = true;
        } else if (!only_operands && argument[0] == '-' && argument[1] != '\0') {
            if (!read_option(&reader, argument)) {
                *exit_code = reader.exit_code;
                return false;
            }
        } else {
            argv[operands->count++] = argument;
        }
    }
    return true;
}
