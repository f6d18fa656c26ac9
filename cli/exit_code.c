/* SPDX-License-Identifier: MIT */
/* Exit codes as in sysexits.h: which failure gives which. */
#include "exit_code.h"

#include <stddef.h>

/* An argument that the library would not take: an address of the envelope, or an option. */
static int of_argument(ph_phase phase)
{
    return phase == PH_PHASE_MAIL || phase == PH_PHASE_RCPT ? EXIT_BAD_DATA : EXIT_USAGE;
}

static int of_status(ph_status status, ph_phase phase)
{
    switch (status) {
    case PH_OK:
        return EXIT_OK;
    case PH_ERR_ARGUMENT:
        return of_argument(phase);
    case PH_ERR_STATE:
        return EXIT_SOFTWARE;
    case PH_ERR_NO_MEMORY:
        return EXIT_SYSTEM;
    case PH_ERR_HOST_UNKNOWN:
        return EXIT_NO_HOST;
    case PH_ERR_IO:
        return phase == PH_PHASE_CONNECT ? EXIT_UNAVAILABLE : EXIT_TRY_AGAIN;
    case PH_ERR_CLOSED:
    case PH_ERR_OPEN_TIMEOUT:
    case PH_ERR_READ_TIMEOUT:
    case PH_ERR_WRITE_TIMEOUT:
    case PH_ERR_SERVER_BUSY:
    case PH_ERR_FULL:
    case PH_ERR_CANCELLED:
        return EXIT_TRY_AGAIN;
    case PH_ERR_CERTIFICATE:
    case PH_ERR_CONFIGURATION:
        return EXIT_CONFIGURATION;
    case PH_ERR_UNSUPPORTED:
        return phase == PH_PHASE_AUTH ? EXIT_PERMISSION : EXIT_UNAVAILABLE;
    case PH_ERR_INSECURE:
    case PH_ERR_AUTHENTICATION:
        return EXIT_PERMISSION;
    case PH_ERR_FATAL:
        return phase == PH_PHASE_RCPT ? EXIT_NO_USER : EXIT_UNAVAILABLE;
    case PH_ERR_SYNTAX: /* some servers refuse a recipient with 501 */
        return phase == PH_PHASE_RCPT ? EXIT_NO_USER : EXIT_PROTOCOL;
    case PH_ERR_TLS:
    case PH_ERR_PROTOCOL:
    case PH_ERR_UNKNOWN:
    case PH_ERR_BROKEN:
        return EXIT_PROTOCOL;
    case PH_ERR_SOURCE:
        return EXIT_NO_INPUT;
    }
    return EXIT_SOFTWARE;
}

int exit_code_of_error(const ph_error *error)
{
    if (!error)
        return EXIT_OK;
    /* A script that tries again on 75 must not deliver twice. */
    if (error->outcome == PH_OUTCOME_UNKNOWN)
        return EXIT_PROTOCOL;
    return of_status(error->status, error->phase);
}

int exit_code_of_reply(const ph_reply *reply)
{
    if (ph_reply_is_success(reply) || ph_reply_is_continue(reply))
        return EXIT_OK;
    return of_status(ph_reply_error_class(reply), PH_PHASE_COMMAND);
}
