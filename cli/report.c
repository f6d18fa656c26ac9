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

/* Prints all of a complaint but what ends its line. */
static void PH_PRINTF(2, 0)
    begin_complaint(const struct command *command, const char *format, va_list arguments)
{
    (void)fprintf(stderr, "posthaste%s%s: ", command ? " " : "", command ? command->name : "");
    (void)vfprintf(stderr, format, arguments);
}

void complain(const struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    begin_complaint(command, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

int complain_of_usage(const struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    begin_complaint(command, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, " (posthaste %s%s--help lists all)\n", command ? command->name : "",
                  command ? " " : "");
    return EXIT_USAGE;
}

/* The library's sentences know no options. */
static const char *hint_on(ph_status status)
{
    if (status == PH_ERR_CERTIFICATE)
        return "--cafile FILE trusts another authority, --tls-hostname NAME expects another name; "
               "posthaste probe shows the certificate";
    if (status == PH_ERR_INSECURE)
        return "--starttls always or --tls protects the password; --allow-plaintext-auth sends it "
               "all the same";
    if (status == PH_ERR_OPEN_TIMEOUT)
        return "--open-timeout SECONDS sets how long to wait";
    if (status == PH_ERR_READ_TIMEOUT)
        return "--read-timeout SECONDS sets how long to wait";
    return NULL;
}

int complain_of_error(const struct command *command, const ph_error *error)
{
    const char *hint = hint_on(error->status);
    complain(command, "%s", error->message);
    if (hint)
        complain(command, "hint: %s", hint);
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
