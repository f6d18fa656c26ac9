/* SPDX-License-Identifier: MIT */
#include "cli/bulk/meter.h"

#include <limits.h>
#include <string.h>

#include "unit/base/test.h"

static struct meter begin(uint64_t total, bool counts_messages)
{
    struct meter meter;
    meter_begin(&meter, true, 1000, 5000);
    meter.total = total;
    meter.counts_messages = counts_messages;
    return meter;
}

/* One message every so often, up to a moment. */
static void send_steadily(struct meter *meter, uint64_t from_ms, uint64_t to_ms, uint64_t every_ms,
                          uint64_t units)
{
    for (uint64_t ms = from_ms + every_ms; ms <= to_ms; ms += every_ms) {
        meter_add(meter, units, 1);
        meter_sample(meter, ms);
    }
}

static void assert_line(const struct meter *meter, const struct tally *tally, const char *expected)
{
    const struct meter_line line = meter_line(meter, tally);
    assert_string_equal(line.text, expected);
}

static void at_first__nobody_knows_the_speed(void **state)
{
    (void)state;
    const struct meter meter = begin(100, true);
    const struct tally tally = {.first_code = 0};
    assert_true(meter_rate(&meter) <= 0);
    assert_true(meter_seconds_left(&meter) < 0);
    assert_line(&meter, &tally, "0 of 100 done, 0 failed, 0.0/s");
}

static void messages__are_counted_against_all(void **state)
{
    (void)state;
    struct meter meter = begin(100, true);
    const struct tally tally = {
        .now = {[KNOWN_SENT] = 18, [KNOWN_REFUSED] = 1, [KNOWN_FAILED] = 1}};
    send_steadily(&meter, 5000, 9000, 200, 1);
    assert_line(&meter, &tally, "20 of 100 done, 2 failed, 5.0/s, 0:16 left");
}

static void bytes__are_a_percentage(void **state)
{
    (void)state;
    struct meter meter = begin(40000, false);
    const struct tally tally = {.now = {[KNOWN_SENT] = 20}};
    send_steadily(&meter, 5000, 9000, 200, 1000);
    assert_line(&meter, &tally, "20 done, 0 failed, 5.0/s, 50 %, 0:04 left");
}

static void an_endless_source__has_no_end_to_tell(void **state)
{
    (void)state;
    struct meter meter = begin(0, false);
    const struct tally tally = {.now = {[KNOWN_SENT] = 20}};
    send_steadily(&meter, 5000, 9000, 200, 1000);
    assert_line(&meter, &tally, "20 done, 0 failed, 5.0/s");
}

static void a_long_time__is_told_in_hours(void **state)
{
    (void)state;
    struct meter meter = begin(7525, true);
    const struct tally tally = {.now = {[KNOWN_SENT] = 4}};
    send_steadily(&meter, 5000, 9000, 1000, 1);
    assert_line(&meter, &tally, "4 of 7525 done, 0 failed, 1.0/s, 2:05:21 left");
}

static void what_earlier_runs_did__says_nothing_of_the_speed(void **state)
{
    (void)state;
    struct meter meter = begin(1000, true);
    const struct tally tally = {.now = {[KNOWN_SENT] = 20}};
    meter_add(&meter, 880, 0);
    send_steadily(&meter, 5000, 9000, 200, 1);
    assert_line(&meter, &tally, "20 of 120 done, 0 failed, 5.0/s, 0:20 left");
}

static void the_last_seconds_count(void **state)
{
    (void)state;
    struct meter meter = begin(0, true);
    send_steadily(&meter, 5000, 25000, 10, 1);
    assert_true(meter_rate(&meter) > 99);
    send_steadily(&meter, 25000, 45000, 1000, 1);
    assert_true(meter_rate(&meter) < 2);
}

static void all_done__leaves_no_time(void **state)
{
    (void)state;
    struct meter meter = begin(5, true);
    const struct tally tally = {.now = {[KNOWN_SENT] = 5}};
    send_steadily(&meter, 5000, 10000, 1000, 1);
    assert_line(&meter, &tally, "5 of 5 done, 0 failed, 1.0/s, 0:00 left");
}

static void the_next_line__is_due_by_the_interval(void **state)
{
    (void)state;
    struct meter meter = begin(5, true);
    assert_int_equal(meter_timeout(&meter, 5000), 1000);
    assert_int_equal(meter_timeout(&meter, 5400), 600);
    assert_int_equal(meter_timeout(&meter, 6000), 0);
    assert_int_equal(meter_timeout(&meter, 9000), 0);
    meter.interval_ms = 4000000000;
    assert_int_equal(meter_timeout(&meter, 5000), INT_MAX);
    meter.is_on = false;
    assert_int_equal(meter_timeout(&meter, 5000), -1);
}

static void the_largest_numbers__fit(void **state)
{
    (void)state;
    struct meter meter = begin(UINT64_MAX, true);
    const struct tally tally = {.now = {[KNOWN_SENT] = UINT64_MAX / 2, [KNOWN_FAILED] = 9}};
    send_steadily(&meter, 5000, 9000, 1000, 1);
    const struct meter_line line = meter_line(&meter, &tally);
    assert_true(strlen(line.text) < sizeof line.text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_first__nobody_knows_the_speed),
        cmocka_unit_test(messages__are_counted_against_all),
        cmocka_unit_test(bytes__are_a_percentage),
        cmocka_unit_test(an_endless_source__has_no_end_to_tell),
        cmocka_unit_test(a_long_time__is_told_in_hours),
        cmocka_unit_test(what_earlier_runs_did__says_nothing_of_the_speed),
        cmocka_unit_test(the_last_seconds_count),
        cmocka_unit_test(all_done__leaves_no_time),
        cmocka_unit_test(the_next_line__is_due_by_the_interval),
        cmocka_unit_test(the_largest_numbers__fit),
    };
    return cmocka_run_group_tests_name("meter", tests, NULL, NULL);
}
