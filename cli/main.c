/* SPDX-License-Identifier: MIT */
/* The command `posthaste`: finds the subcommand and runs it. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <posthaste/version.h>

#include "command.h"
#include "exit_code.h"
#include "report.h"
#include "suggestion.h"

static const struct command *const commands[] = {
    &command_send, &command_bulk, &command_talk, &command_probe, &command_sink,
};

enum {
    command_count = sizeof commands / sizeof commands[0]
};

static void print_help(void)
{
    (void)printf("usage: posthaste COMMAND [OPTION...]\n\nCommands:\n");
    for (size_t i = 0; i < command_count; i++)
        (void)printf("  %-9s%s\n", commands[i]->name, commands[i]->summary);
    (void)printf("\n"
                 "Options:\n"
                 "  --help     print this; posthaste COMMAND --help prints a command's options\n"
                 "  --version  print the version\n"
                 "\n"
                 "For example:\n"
                 "  posthaste send --server smtp.example.org:587 --user alice \\\n"
                 "      --password-file ~/.smtp-password \\\n"
                 "      --from alice@example.org --to bob@example.net message.eml\n"
                 "\n"
                 "posthaste(1) says more.\n");
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

static int refuse_command(const char *name)
{
    const bool is_option = name[0] == '-';
    struct suggestion suggestion = suggestion_for(name + strspn(name, "-"));
    if (is_option) {
        suggestion_consider(&suggestion, "help");
        suggestion_consider(&suggestion, "version");
    }
    for (size_t i = 0; i < command_count && !is_option; i++)
        suggestion_consider(&suggestion, commands[i]->name);
    if (suggestion.nearest)
        return complain_of_usage(NULL, "unknown %s %s; did you mean %s%s?",
                                 is_option ? "option" : "command", name, is_option ? "--" : "",
                                 suggestion.nearest);
    return complain_of_usage(NULL, "unknown %s %s", is_option ? "option" : "command", name);
}

static bool is_either(const char *argument, const char *a, const char *b)
{
    return strcmp(argument, a) == 0 || strcmp(argument, b) == 0;
}

int main(int argc, char **argv)
{
    /* A reader of stdout that goes away must not end a session in its middle. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc < 2)
        return complain_of_usage(NULL, "no command given");
    if (is_either(argv[1], "--version", "-V")) {
        (void)printf("posthaste %s\n", ph_version());
        return finish_output(NULL, EXIT_OK);
    }
    const bool wants_help = is_either(argv[1], "--help", "-h") || strcmp(argv[1], "help") == 0;
    if (wants_help && argc == 2) {
        print_help();
        return finish_output(NULL, EXIT_OK);
    }
    const char *name = argv[wants_help ? 2 : 1];
    const struct command *command = find_command(name);
    if (!command)
        return refuse_command(name);
    if (!wants_help)
        return command->run(command, argc - 2, argv + 2);
    options_print_help(command);
    return finish_output(command, EXIT_OK);
}
