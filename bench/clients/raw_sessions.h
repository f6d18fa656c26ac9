/* SPDX-License-Identifier: MIT */
/* The limit of many sessions at once. */
#ifndef BENCH_RAW_SESSIONS_H
#define BENCH_RAW_SESSIONS_H

#include "job.h"

/** Opens COUNT sessions, lets each send a message when all are open, and prints what it cost. */
void raw_sessions(const struct job *job);

#endif
