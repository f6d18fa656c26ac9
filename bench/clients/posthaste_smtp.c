/* SPDX-License-Identifier: MIT */
/* posthaste by ph_smtp, which sends one message after the other, and waits for each. */
#include "posthaste_job.h"

void posthaste_smtp(const struct job *job)
{
    ph_smtp *smtp;
    struct meter meter;
    ph_message *message = posthaste_message(job);
    must(ph_smtp_new("127.0.0.1", job->port, NULL, &smtp));
    posthaste_set(ph_smtp_server(smtp), job);
    must(ph_smtp_start(smtp, NULL, NULL, NULL, NULL));
    meter_begin(&meter);
    for (long i = 0; i < job->count; i++)
        must(ph_smtp_send(smtp, message));
    meter_end(&meter, job->count);
    must(ph_smtp_finish(smtp));
    ph_smtp_free(smtp);
    ph_message_free(message);
}
