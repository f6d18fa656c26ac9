/* SPDX-License-Identifier: MIT */
/*
 * Submits a message over STARTTLS with a login, the certificate checked against a CA file.
 *   tls_auth SERVER PORT CAFILE USER FROM TO      (the password comes from POSTHASTE_PASSWORD)
 */
#include <posthaste/posthaste.h>

#include <stdio.h>
#include <stdlib.h>

static const char text[] = "Subject: over TLS\n\nNobody on the way reads this.\n";

/* Runs inside the session, which is finished afterwards whatever this returns. */
static int send_it(ph_smtp *smtp, void *user_data)
{
    char **argv = user_data;
    const char *const to[] = {argv[6]};
    const ph_tls_info *tls = ph_smtp_tls_info(smtp);
    printf("%s, %s, verified for %s\n", tls->version, tls->cipher, tls->hostname);
    return ph_smtp_send_message(smtp, text, sizeof text - 1, argv[5], to, 1);
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        (void)fprintf(stderr, "usage: %s SERVER PORT CAFILE USER FROM TO\n", argv[0]);
        return 64;
    }
    ph_smtp *smtp;
    int status = ph_smtp_new(argv[1], (int)strtol(argv[2], NULL, 10), NULL, &smtp);
    if (status != PH_OK) {
        (void)fprintf(stderr, "%s\n", ph_status_text(status));
        return 1;
    }
    status = ph_tls_config_set_ca_file(ph_smtp_tls_config(smtp), argv[3]);
    if (status == PH_OK)
        status = ph_smtp_enable_starttls(smtp); /* always: never without TLS */
    if (status == PH_OK)
        status = ph_smtp_start_scoped(smtp, "client.example.org", argv[4],
                                      getenv("POSTHASTE_PASSWORD"), "auto", send_it, argv);
    if (status != PH_OK)
        (void)fprintf(stderr, "%s\n",
                      ph_smtp_error(smtp) ? ph_smtp_error(smtp)->message : ph_status_text(status));
    ph_smtp_free(smtp);
    return status == PH_OK ? 0 : 1;
}
