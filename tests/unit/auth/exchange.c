/* SPDX-License-Identifier: MIT */
/* One exchange of a mechanism as a session drives it. */
#include "unit/auth/exchange.h"

#include <string.h>

#include <posthaste/error.h>

#include "unit/base/guarded.h"
#include "unit/base/test.h"

int exchange_open(struct exchange_run *run, const char *name, const ph_credentials *credentials)
{
    test_allocator_init(&run->test);
    /* A short one would be found by chance, in a pointer say. */
    run->test.secret = strlen(credentials->secret) >= 8 ? credentials->secret : NULL;
    return exchange_open_with(run, name, credentials);
}

int exchange_open_with(struct exchange_run *run, const char *name,
                       const ph_credentials *credentials)
{
    run->mechanism = NULL;
    run->state = NULL;
    ph__mechanism_response_init(&run->response, &run->test.allocator);
    int status = ph__mechanism_table_init(&run->table, &run->test.allocator);
    if (status != PH_OK)
        return status;
    const ph_mechanism *mechanism = ph__mechanism_find(&run->table, name);
    assert_non_null(mechanism);
    status = mechanism->start(credentials, mechanism->user_data, &run->state);
    if (status == PH_OK)
        run->mechanism = mechanism;
    return status;
}

int exchange_step(struct exchange_run *run, const void *challenge, size_t n)
{
    struct guarded input;
    guarded_init(&input, challenge, n);
    ph__mechanism_response_reset(&run->response);
    const int status = run->mechanism->step(run->state, input.bytes, n, &run->response);
    guarded_release(&input);
    return status;
}

void exchange_close(struct exchange_run *run)
{
    if (run->mechanism)
        run->mechanism->finish(run->state);
    ph__mechanism_response_release(&run->response);
    ph__mechanism_table_release(&run->table);
    assert_int_equal(run->test.live_blocks, 0);
    assert_false(run->test.has_released_secret);
}

void assert_response(const struct exchange_run *run, const void *bytes, size_t n)
{
    assert_int_equal(run->response.bytes.length, n);
    if (n > 0)
        assert_memory_equal(run->response.bytes.bytes, bytes, n);
}
