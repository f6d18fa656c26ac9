/* SPDX-License-Identifier: MIT */
/*
 * Command lines by table: an option is a row, rows that belong together are a group, and a
 * subcommand names its groups. Reading, help and suggestions are made from the same rows.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct command;

/* What an option's value is, and what its field holds. */
enum option_kind {
    OPTION_FLAG,   /* no value; bool */
    OPTION_TEXT,   /* const char *, of the command line itself */
    OPTION_TEXTS,  /* may be repeated; struct option_texts */
    OPTION_CHOICE, /* one of words; int, its place among them */
    OPTION_WORDS, /* some of words, joined by commas, or repeated; unsigned, bits by their places */
    OPTION_SECONDS, /* "30" or "2.5"; uint32_t, milliseconds */
    OPTION_SIZE,    /* bytes, with K, M or G behind it or not; uint64_t */
    OPTION_NUMBER,  /* "10"; uint64_t, from least to most */
    OPTION_RATE     /* "10", "10/s", "600/m" or "5000/h"; double, per second */
};

struct option {
    const char *name;  /* "server"; NULL ends a table */
    const char *value; /* what help calls its value; NULL for a flag */
    const char *help;  /* broken into lines when it is printed */
    enum option_kind kind;
    size_t offset;            /* of its field in the group's structure */
    const char *const *words; /* to choose from, ended by NULL */
    uint32_t least, most;     /* of a number */
};

struct option_group {
    const char *title;
    const struct option *options;
};

struct option_texts {
    const char **items;
    size_t count;
};

/** What is left of a command line without its options. */
struct operands {
    char **items;
    int count;
};

/**
 * Reads a command line (without its name) into the structures of the command's groups. Says what is
 * wrong with it, or prints the help that it asks for.
 *
 * @param targets    one structure per group of @p command, in the same order
 * @param operands   receives what is no option; @p argv is rearranged for it
 * @param exit_code  receives what to exit with, if the command is not to go on
 * @return whether the command is to go on
 */
bool options_read(const struct command *command, int argc, char **argv, void *const *targets,
                  struct operands *operands, int *exit_code);

/** Frees the list of a repeatable option, not its items. */
void option_texts_release(struct option_texts *texts);

/** Prints a command's help to stdout. */
void options_print_help(const struct command *command);

#endif
