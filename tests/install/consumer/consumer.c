/* SPDX-License-Identifier: MIT */
/* A program as a user of the installed library would write it: built by check-install. */
#include <stdio.h>
#include <string.h>

#include <posthaste/openssl.h>
#include <posthaste/posthaste.h>

int main(void)
{
    if (strcmp(ph_version(), PH_VERSION_STRING) != 0) {
        fprintf(stderr, "headers are %s, library is %s\n", PH_VERSION_STRING, ph_version());
        return 1;
    }

    /* Nothing listens on port 1 of the loopback address. */
    ph_smtp *smtp = NULL;
    if (ph_smtp_new("127.0.0.1", 1, NULL, &smtp) != PH_OK)
        return 1;
    int status = ph_smtp_start(smtp, NULL, NULL, NULL, NULL);
    printf("%s: %s\n", ph_status_name(status), ph_smtp_error(smtp)->message);
    ph_smtp_free(smtp);
    return status == PH_ERR_IO ? 0 : 1;
}
