/* SPDX-License-Identifier: MIT */
/* Sends one message: the least that a program needs.   send SERVER PORT FROM TO */
#include <posthaste/posthaste.h>

#include <stdio.h>
#include <stdlib.h>

static const char text[] = "From: Alice <alice@example.org>\n"
                           "To: Bob <bob@example.org>\n"
                           "Subject: Hello\n"
                           "\n"
                           "This is the whole message.\n";

int main(int argc, char **argv)
{
    if (argc != 5) {
        (void)fprintf(stderr, "usage: %s SERVER PORT FROM TO\n", argv[0]);
        return 64;
    }
    ph_smtp *smtp;
    int status =
        ph_smtp_open(argv[1], (int)strtol(argv[2], NULL, 10), NULL, NULL, NULL, NULL, &smtp);
    if (status == PH_OK) {
        const char *const to[] = {argv[4]};
        status = ph_smtp_send_message(smtp, text, sizeof text - 1, argv[3], to, 1);
    }
    if (status == PH_OK)
        printf("sent: %s\n", ph_reply_message(ph_smtp_reply(smtp)));
    else
        (void)fprintf(stderr, "%s\n", smtp ? ph_smtp_error(smtp)->message : ph_status_text(status));
    if (smtp && ph_smtp_started(smtp))
        (void)ph_smtp_finish(smtp);
    ph_smtp_free(smtp);
    return status == PH_OK ? 0 : 1;
}
