/* SPDX-License-Identifier: MIT */
/* The job of a benchmark's client, and what it cost. */
#include "job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void job_fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

void *job_allocate(size_t size)
{
    void *memory = malloc(size > 0 ? size : 1);
    if (!memory)
        job_fail("malloc", "no memory");
    return memory;
}

bool job_is(const struct job *job, const char *word)
{
    const size_t n = strlen(word);
    for (const char *at = job->mode; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, n) == 0 && (at[n] == ',' || at[n] == '\0'))
            return true;
    }
    return false;
}

const char *job_recipient(long index)
{
    static char address[64];
    (void)snprintf(address, sizeof address, "recipient%ld@example.org", index);
    return address;
}

/* ---- The message ----------------------------------------------------------------------------- */

/* A header, an empty line, and lines of text, none of which begins with a dot; as large as asked
 * for, down to what a message must have. */
static void make_body(struct job *job)
{
    static const char head[] = "Subject: benchmark\r\n\r\n";
    static const char line[] = "The quick brown fox jumps over the lazy dog, and over again.\r\n";
    const size_t head_length = sizeof head - 1;
    const size_t line_length = sizeof line - 1;
    job->body_length = job->size > head_length + 2 ? job->size : head_length + 2;
    job->body = job_allocate(job->body_length);
    memcpy(job->body, head, head_length);
    for (size_t i = head_length; i < job->body_length; i++)
        job->body[i] = line[(i - head_length) % line_length];
    /* The last line may be cut anywhere: what is left of it ends in CRLF all the same. */
    const size_t rest = (job->body_length - head_length) % line_length;
    for (size_t i = job->body_length - (rest < 3 ? rest : 3); i < job->body_length; i++)
        job->body[i] = 'x';
    memcpy(job->body + job->body_length - 2, "\r\n", 2);
}

static void read_body(struct job *job)
{
    FILE *file = fopen(job->file, "rb");
    if (!file)
        job_fail(job->file, strerror(errno));
    job->body = job_allocate(job->size);
    job->body_length = fread(job->body, 1, job->size, file);
    if (job->body_length != job->size)
        job_fail(job->file, "is shorter than the job says");
    (void)fclose(file);
}

/* ---- The job --------------------------------------------------------------------------------- */

static long number(const char *text)
{
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < 0)
        job_fail(text, "is not a number that fits");
    return value;
}

struct job job_read(int argc, char **argv)
{
    if (argc < 6 || argc > 7)
        job_fail(argv[0], "usage: PORT MODE COUNT SIZE RECIPIENTS [FILE]");
    struct job job = {
        .port = (int)number(argv[1]),
        .mode = argv[2],
        .count = number(argv[3]),
        .size = (size_t)number(argv[4]),
        .recipients = number(argv[5]),
        .file = argc == 7 ? argv[6] : NULL,
        .cafile = getenv("BENCH_CAFILE"),
    };
    if (!job.file)
        make_body(&job);
    else if (!job_is(&job, "file"))
        read_body(&job);
    return job;
}

void job_free(struct job *job)
{
    free(job->body);
}

/* ---- The cost -------------------------------------------------------------------------------- */

/* A line of /proc/self/status. That of getrusage would be no less than what the process had in
 * memory that started this one. */
static long memory_kib(const char *name)
{
    const size_t n = strlen(name);
    char line[128];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, n) == 0)
            kib = strtol(line + n, NULL, 10);
    }
    if (file)
        (void)fclose(file);
    return kib;
}

static double between_us(struct timeval from, struct timeval to)
{
    return (double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_usec - from.tv_usec);
}

void meter_begin(struct meter *meter)
{
    meter->base_rss_kib = memory_kib("VmRSS:");
    meter->open_rss_kib = 0;
    (void)getrusage(RUSAGE_SELF, &meter->usage);
    (void)clock_gettime(CLOCK_MONOTONIC, &meter->time);
}

void meter_all_open(struct meter *meter)
{
    meter->open_rss_kib = memory_kib("VmRSS:");
}

void meter_end(const struct meter *meter, long messages)
{
    struct timespec now;
    struct rusage usage;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)getrusage(RUSAGE_SELF, &usage);
    const double user_us = between_us(meter->usage.ru_utime, usage.ru_utime);
    const double system_us = between_us(meter->usage.ru_stime, usage.ru_stime);
    const double wall_us = (double)(now.tv_sec - meter->time.tv_sec) * 1e6 +
                           (double)(now.tv_nsec - meter->time.tv_nsec) / 1e3;
    (void)printf("{\"cpu_us\": %.0f, \"user_us\": %.0f, \"wall_us\": %.0f, \"messages\": %ld, "
                 "\"base_rss_kib\": %ld, \"open_rss_kib\": %ld, \"peak_rss_kib\": %ld}\n",
                 user_us + system_us, user_us, wall_us, messages, meter->base_rss_kib,
                 meter->open_rss_kib, memory_kib("VmHWM:"));
}
