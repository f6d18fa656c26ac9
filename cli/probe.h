/* SPDX-License-Identifier: MIT */
/* What `posthaste probe` found out: told in lines by probe_print.c, as JSON by probe_json.c. */
#ifndef CLI_PROBE_H
#define CLI_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include <posthaste/smtp.h>

struct probe {
    ph_smtp *plain;        /* the session without TLS; NULL or not started: there is none */
    ph_smtp *secure;       /* the session with TLS; NULL or not started: there is none */
    bool is_implicit;      /* TLS was to begin with the first byte */
    const ph_error *error; /* what kept a session from starting; NULL if nothing did */
};

/** @return the session, if it is started, or NULL */
const ph_smtp *probe_started(const ph_smtp *smtp);

/** @return the session that says more of the server: with TLS, if there is one */
const ph_smtp *probe_best(const struct probe *probe);

/** The limit of RFC 1870. @return false if the server names none; 0 bytes: it has no fixed one */
bool probe_size_limit(const ph_smtp *smtp, uint64_t *bytes);

/** Writes a time as "2026-03-01 12:00:00 UTC". */
void probe_write_time(char *text, size_t size, int64_t seconds);

void probe_print(const struct probe *probe);

/** @return the object could be made */
bool probe_print_json(const struct probe *probe);

#endif
