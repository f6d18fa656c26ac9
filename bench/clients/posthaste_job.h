/* SPDX-License-Identifier: MIT */
/* What posthaste's ways through the benchmarks share. */
#ifndef BENCH_POSTHASTE_JOB_H
#define BENCH_POSTHASTE_JOB_H

#include <posthaste/posthaste.h>

#include "job.h"

/** Ends the program unless a call went well. */
static inline void must(int status)
{
    if (status != PH_OK)
        job_fail("posthaste", ph_status_text((ph_status)status));
}

/** Sets what the job's mode asks for. */
void posthaste_set(ph_server *server, const struct job *job);

/** @return the server that the job names, with what its mode asks for; the caller frees it */
ph_server *posthaste_server(const struct job *job);

/** @return the message that the job is about; one from a file still needs its descriptor */
ph_message *posthaste_message(const struct job *job);

/** Opens COUNT sessions, lets each send a message when all are open, and prints what it cost. */
void posthaste_sessions(const struct job *job);

/** Sends COUNT messages through a pool of one connection, and prints what it cost. */
void posthaste_pool(const struct job *job);

/** Sends COUNT messages through the blocking client, and prints what it cost. */
void posthaste_smtp(const struct job *job);

#endif
