/* SPDX-License-Identifier: MIT */
/* What a poller makes of descriptors that come and go behind equal numbers. */
#include "unit/base/test.h"

#include <unistd.h>

#include "base/allocator.h"
#include "pool/poller.h"

/* One descriptor that may be read, watched for itself. */
struct pipe_end {
    struct ph__watch watch;
    struct pollfd reads;
    int writes;
};

static void open_pipe(struct ph__poller *poller, struct pipe_end *end)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    end->reads = (struct pollfd){.fd = fds[0], .events = POLLIN};
    end->writes = fds[1];
    assert_int_equal(ph__poller_add(poller, &end->watch, end), PH_OK);
    assert_int_equal(ph__poller_watch(poller, &end->watch, &end->reads, 1, false), PH_OK);
}

static void close_pipe(const struct pipe_end *end)
{
    (void)close(end->reads.fd);
    (void)close(end->writes);
}

static void removal__takes_nothing_from_one_that_has_the_number_now(void **state)
{
    (void)state;
    struct ph__poller *poller;
    struct pipe_end gone;
    struct pipe_end next;
    struct pollfd ready;
    assert_int_equal(ph__poller_new(ph__allocator_or_default(NULL), &poller), PH_OK);
    open_pipe(poller, &gone);
    close_pipe(&gone);
    open_pipe(poller, &next);
    assert_int_equal(next.reads.fd, gone.reads.fd);
    ph__poller_remove(poller, &gone.watch);
    assert_int_equal(write(next.writes, "x", 1), 1);
    assert_int_equal(ph__poller_wait(poller, 0), 1);
    assert_ptr_equal(ph__poller_take(poller, 0, &ready), &next);
    assert_int_equal(ready.fd, next.reads.fd);
    close_pipe(&next);
    ph__poller_remove(poller, &next.watch);
    ph__poller_free(poller);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(removal__takes_nothing_from_one_that_has_the_number_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
