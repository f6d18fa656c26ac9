/* SPDX-License-Identifier: MIT */
/* Several threads, a client each: objects share nothing, so no lock is needed.  threads SERVER PORT
 * FROM TO COUNT */
#include <posthaste/posthaste.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    threads_max = 64
};

struct job {
    char **argv;
    int number;
    int status;
};

static void *run(void *argument)
{
    struct job *job = argument;
    const char *const to[] = {job->argv[4]};
    char text[64];
    const int n = snprintf(text, sizeof text, "Subject: number %d\n\nhello\n", job->number);
    ph_smtp *smtp;
    job->status = ph_smtp_open(job->argv[1], (int)strtol(job->argv[2], NULL, 10), NULL, NULL, NULL,
                               NULL, &smtp);
    if (job->status == PH_OK)
        job->status = ph_smtp_send_message(smtp, text, (size_t)n, job->argv[3], to, 1);
    if (job->status == PH_OK)
        (void)ph_smtp_finish(smtp);
    ph_smtp_free(smtp);
    return NULL;
}

int main(int argc, char **argv)
{
    const int count = argc == 6 ? (int)strtol(argv[5], NULL, 10) : 0;
    if (count < 1 || count > threads_max) {
        (void)fprintf(stderr, "usage: %s SERVER PORT FROM TO COUNT (1 to 64)\n", argv[0]);
        return 64;
    }
    pthread_t threads[threads_max];
    struct job jobs[threads_max];
    int sent = 0;
    for (int i = 0; i < count; i++) {
        jobs[i] = (struct job){.argv = argv, .number = i, .status = PH_ERR_STATE};
        if (pthread_create(&threads[i], NULL, run, &jobs[i]) != 0)
            return 71;
    }
    for (int i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
        sent += jobs[i].status == PH_OK;
    }
    printf("%d of %d sent\n", sent, count);
    return sent == count ? 0 : 1;
}
