/* SPDX-License-Identifier: MIT */
/* Whether to try later, give up, or look before sending again.   errors SERVER PORT FROM TO */
#include <posthaste/posthaste.h>

#include <stdio.h>
#include <stdlib.h>

enum decision {
    DONE,
    TRY_LATER,
    GIVE_UP,
    ASK_SOMEBODY
};

static enum decision decide(int status, const ph_error *error)
{
    if (status == PH_OK)
        return DONE;
    if (error->outcome == PH_OUTCOME_UNKNOWN)
        return ASK_SOMEBODY; /* sending again might deliver it twice */
    switch (error->status) {
    case PH_ERR_SERVER_BUSY:
    case PH_ERR_OPEN_TIMEOUT:
    case PH_ERR_READ_TIMEOUT:
    case PH_ERR_WRITE_TIMEOUT:
    case PH_ERR_IO:
    case PH_ERR_CLOSED:
        return TRY_LATER;
    default:
        return GIVE_UP;
    }
}

static void print_error(const ph_error *error)
{
    (void)fprintf(stderr, "%s\n  status %s in phase %s, outcome %s\n  command %s, reply %d %s\n",
                  error->message, ph_status_name(error->status), ph_phase_name(error->phase),
                  ph_outcome_name(error->outcome), error->command ? error->command : "none",
                  error->reply_code, error->enhanced_code ? error->enhanced_code : "");
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"done", "try later", "give up", "ask somebody"};
    if (argc != 5) {
        (void)fprintf(stderr, "usage: %s SERVER PORT FROM TO\n", argv[0]);
        return 64;
    }
    const char *const to[] = {argv[4]};
    ph_smtp *smtp;
    int status =
        ph_smtp_open(argv[1], (int)strtol(argv[2], NULL, 10), NULL, NULL, NULL, NULL, &smtp);
    if (!smtp) {
        (void)fprintf(stderr, "%s\n", ph_status_text(status));
        return 1;
    }
    if (status == PH_OK)
        status = ph_smtp_send_message(smtp, "hello\n", 6, argv[3], to, 1);
    const enum decision decision = decide(status, ph_smtp_error(smtp));
    if (status != PH_OK)
        print_error(ph_smtp_error(smtp));
    printf("%s\n", names[decision]);
    ph_smtp_free(smtp); /* closes the connection, too */
    return (int)decision;
}
