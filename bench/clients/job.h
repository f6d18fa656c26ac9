/* SPDX-License-Identifier: MIT */
/*
 * What the clients of the benchmarks share: the job that the harness gives them, the message that
 * they send, and the line in which they tell what it cost.
 *
 *     CLIENT PORT MODE COUNT SIZE RECIPIENTS [FILE]
 *
 * MODE is words joined by commas, of which a client heeds those that concern it: lock, data, bdat,
 * window (how to talk), sessions (COUNT sessions at once), pool (by posthaste's pool), tls
 * (STARTTLS; the environment's BENCH_CAFILE verifies the server), file (FILE is the content, not
 * memory), crlf (its line ends are known to be right).
 */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <time.h>

struct job {
    int port;
    const char *mode;
    long count;
    size_t size;
    long recipients;
    const char *file;   /* NULL: none */
    const char *cafile; /* NULL: none */
    char *body;         /* NULL: the file is not to be read into memory */
    size_t body_length;
};

struct meter {
    struct rusage usage;
    struct timespec time;
    long base_rss_kib;
    long open_rss_kib; /* 0: nobody said */
};

/** Reads the arguments, and makes the body or reads it from the file. Ends the program when they
 * are wrong. */
struct job job_read(int argc, char **argv);
void job_free(struct job *job);

/** @return the mode has this word */
bool job_is(const struct job *job, const char *word);

/** @return the address of recipient @p index, valid until the next call */
const char *job_recipient(long index);
#define JOB_SENDER "sender@example.org"

/** Ends the program with a sentence. */
_Noreturn void job_fail(const char *what, const char *why);

/** @return memory that is there, or the program has ended */
void *job_allocate(size_t size);

void meter_begin(struct meter *meter);

/** Notes what is resident now that every session is open and none sends. */
void meter_all_open(struct meter *meter);

/** Prints one line of JSON: what was used since the beginning. */
void meter_end(const struct meter *meter, long messages);

#endif
