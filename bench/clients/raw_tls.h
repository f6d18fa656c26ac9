/* SPDX-License-Identifier: MIT */
/*
 * TLS of the raw writer. raw_tls.c has it; raw_no_tls.c refuses it, for the program that is the
 * limit of commands, which no library may slow down at its start.
 */
#ifndef BENCH_RAW_TLS_H
#define BENCH_RAW_TLS_H

#include <stddef.h>
#include <sys/types.h>

struct raw_tls;

/** Shakes hands over a connected socket; ends the program when that fails. */
struct raw_tls *raw_tls_connect(int fd, const char *cafile);
void raw_tls_free(struct raw_tls *tls);

/** As read and write do. */
ssize_t raw_tls_read(struct raw_tls *tls, char *room, size_t size);
ssize_t raw_tls_write(struct raw_tls *tls, const char *bytes, size_t n);

#endif
