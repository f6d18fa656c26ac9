/* SPDX-License-Identifier: MIT */
/* What the command says on stderr, and the end of what it says on stdout. */
#include "report.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exit_code.h"

static void begin(const struct command *command)
{
    if (command)
        (void)fprintf(stderr, "posthaste %s: ", command->name);
    else
        (void)fputs("posthaste: ", stderr);
}

void complain(const struct command *command, const char *format, ...)
{
    va_list arguments;
    begin(command);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

int complain_of_usage(const struct command *command, const char *format, ...)
{
    va_list arguments;
    begin(command);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    if (command)
        (void)fprintf(stderr, " (posthaste %s --help lists all)\n", command->name);
    else
        (void)fputs(" (posthaste --help lists all)\n", stderr);
    return EXIT_USAGE;
}

int complain_of_error(const struct command *command, const ph_error *error)
{
    complain(command, "%s", error->message);
    return exit_code_of_error(error);
}

int complain_of_memory(const struct command *command)
{
    complain(command, "out of memory");
    return EXIT_SYSTEM;
}

/* Such as `posthaste ... | head -1`: what was not printed, nobody wanted. */
static bool reader_is_gone(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO};
    return errno == EPIPE || (poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0);
}

int finish_output(const struct command *command, int code)
{
    errno = 0;
    const bool failed = fflush(stdout) != 0 || ferror(stdout);
    if (!failed || reader_is_gone())
        return code;
    complain(command, "the results cannot be written to standard output%s%s%s", errno ? ": " : "",
             errno ? strerror(errno) : "",
             code == EXIT_OK ? "; what was asked for has been done" : "");
    return code == EXIT_OK ? EXIT_OUTPUT : code;
}
