/* SPDX-License-Identifier: MIT */
/*
 * One exchange of a mechanism as a session drives it: with a response that is reset before each
 * step, challenges in guarded memory, and every released block searched for the secret (of 8 bytes
 * or more).
 */
#ifndef TESTS_UNIT_AUTH_EXCHANGE_H
#define TESTS_UNIT_AUTH_EXCHANGE_H

#include <stddef.h>

#include "auth/mechanism_table.h"
#include "base/mechanism_response.h"
#include "unit/base/test_allocator.h"

struct exchange_run {
    struct test_allocator test;
    struct ph__mechanism_table table;
    ph_mechanism_response response;
    const ph_mechanism *mechanism; /* NULL if start failed */
    void *state;
};

/** Starts the mechanism of that name. @return what start returned */
int exchange_open(struct exchange_run *run, const char *name, const ph_credentials *credentials);

/** The same with an allocator that was made ready in run->test. */
int exchange_open_with(struct exchange_run *run, const char *name,
                       const ph_credentials *credentials);

/** Hands over a challenge. @return what step returned; the answer is in run->response */
int exchange_step(struct exchange_run *run, const void *challenge, size_t n);

/** Ends it all. Fails the test if a block is left or the secret was found in one. */
void exchange_close(struct exchange_run *run);

/** Fails the test unless the response is these bytes. */
void assert_response(const struct exchange_run *run, const void *bytes, size_t n);

#endif
