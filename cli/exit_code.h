/* SPDX-License-Identifier: MIT */
/* Exit codes as in sysexits.h, which is not everywhere; and which failure gives which. */
#ifndef CLI_EXIT_CODE_H
#define CLI_EXIT_CODE_H

#include <posthaste/error.h>
#include <posthaste/reply.h>

enum exit_code {
    EXIT_OK = 0,
    EXIT_PARTIAL = 1,        /* of many messages, some were refused for good */
    EXIT_USAGE = 64,         /* the command line is wrong */
    EXIT_BAD_DATA = 65,      /* an address is none */
    EXIT_NO_INPUT = 66,      /* the message cannot be read */
    EXIT_NO_USER = 67,       /* a recipient was refused for good */
    EXIT_NO_HOST = 68,       /* the server's name is unknown */
    EXIT_UNAVAILABLE = 69,   /* no server there, or it refused for good */
    EXIT_SOFTWARE = 70,      /* a mistake of posthaste's own */
    EXIT_SYSTEM = 71,        /* out of memory or processes */
    EXIT_OUTPUT = 74,        /* stdout cannot be written */
    EXIT_TRY_AGAIN = 75,     /* not sent; the same may work later */
    EXIT_PROTOCOL = 76,      /* what was said was not understood, or the outcome is unknown */
    EXIT_PERMISSION = 77,    /* login refused, impossible or withheld */
    EXIT_CONFIGURATION = 78, /* certificates: the server's refused, or ours unusable */
};

/** @return the exit code for a failure of the library; EXIT_OK for NULL */
int exit_code_of_error(const ph_error *error);

/** @return the exit code for a reply to a command that a person chose */
int exit_code_of_reply(const ph_reply *reply);

#endif
