/* SPDX-License-Identifier: MIT */
/* Writes a message piece by piece, in constant memory however long it gets.  stream SERVER PORT
 * FROM TO LINES */
#include <posthaste/posthaste.h>

#include <stdio.h>
#include <stdlib.h>

/* Any failure of the writer ends the message: the connection is dropped and nothing is delivered.
 */
static int write_report(ph_writer *writer, void *user_data)
{
    const int lines = *(const int *)user_data;
    int status = ph_writer_puts(writer, "Subject: report");
    if (status == PH_OK)
        status = ph_writer_puts(writer, "");
    for (int i = 1; i <= lines && status == PH_OK; i++)
        status = ph_writer_printf(writer, "line %d of %d\n", i, lines);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        (void)fprintf(stderr, "usage: %s SERVER PORT FROM TO LINES\n", argv[0]);
        return 64;
    }
    int lines = (int)strtol(argv[5], NULL, 10);
    const char *const to[] = {argv[4]};
    ph_smtp *smtp;
    int status =
        ph_smtp_open(argv[1], (int)strtol(argv[2], NULL, 10), NULL, NULL, NULL, NULL, &smtp);
    if (status == PH_OK)
        status = ph_smtp_open_message_stream(smtp, argv[3], to, 1, write_report, &lines);
    if (status == PH_OK)
        printf("%llu bytes sent\n", (unsigned long long)ph_result_bytes(ph_smtp_result(smtp)));
    else
        (void)fprintf(stderr, "%s\n", smtp ? ph_smtp_error(smtp)->message : ph_status_text(status));
    if (smtp && ph_smtp_started(smtp))
        (void)ph_smtp_finish(smtp);
    ph_smtp_free(smtp);
    return status == PH_OK ? 0 : 1;
}
