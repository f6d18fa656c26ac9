/* SPDX-License-Identifier: MIT */
/* Content of a callback, which is read again for another attempt, or cannot be. */
#include "unit/pool/scripted_pool.h"

struct reading {
    size_t at;
    int rewinds;
};

static int read_hello(void *buffer, size_t size, size_t *length, void *user_data)
{
    static const char text[] = "hello\n";
    struct reading *reading = user_data;
    *length = sizeof text - 1 - reading->at;
    assert_true(*length <= size);
    memcpy(buffer, text + reading->at, *length);
    reading->at += *length;
    return 0;
}

static int rewind_hello(void *user_data)
{
    struct reading *reading = user_data;
    reading->at = 0;
    reading->rewinds++;
    return 0;
}

static const struct step refuses_once_behind_the_content[] = {GREETED,
                                                              TO_CONTENT,
                                                              {STEP_HEAR, "hello"},
                                                              {STEP_HEAR_TO_DOT, NULL},
                                                              {STEP_SAY, "451 4.3.0 later\r\n"},
                                                              TO_CONTENT,
                                                              {STEP_HEAR, "hello"},
                                                              {STEP_HEAR_TO_DOT, NULL},
                                                              {STEP_SAY, "250 queued\r\n"},
                                                              SAID_GOODBYE};

static const struct step refuses_behind_the_content[] = {
    GREETED, TO_CONTENT, {STEP_HEAR_TO_DOT, NULL}, {STEP_SAY, "451 4.3.0 later\r\n"}, SAID_GOODBYE};

static int refuse_to_rewind(void *user_data)
{
    struct reading *reading = user_data;
    reading->rewinds++;
    return -1;
}

/* Sends what a callback gives, with this way to rewind it; NULL: none. */
static void check(const struct step *script, ph_rewind_fn rewind, int status, uint32_t attempts,
                  int rewinds)
{
    struct scripted_pool f;
    struct reading reading = {.at = 0};
    scripted_pool_begin(&f, script, 1);
    assert_int_equal(ph_message_set_content_callback(f.message, read_hello, &reading), PH_OK);
    if (rewind)
        assert_int_equal(ph_message_set_rewind(f.message, rewind), PH_OK);
    scripted_pool_run(&f);
    assert_int_equal(f.told.status, status);
    assert_int_equal(f.told.attempts, attempts);
    assert_int_equal(reading.rewinds, rewinds);
    (void)scripted_pool_end(&f);
}

static void callback__that_rewinds_is_sent_again(void **state)
{
    (void)state;
    check(refuses_once_behind_the_content, rewind_hello, PH_OK, 2, 1);
}

static void callback__that_cannot_rewind_has_one_attempt(void **state)
{
    (void)state;
    check(refuses_behind_the_content, refuse_to_rewind, PH_ERR_SERVER_BUSY, 1, 1);
}

static void callback__that_does_not_has_one_attempt(void **state)
{
    (void)state;
    check(refuses_behind_the_content, NULL, PH_ERR_SERVER_BUSY, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callback__that_rewinds_is_sent_again),
        cmocka_unit_test(callback__that_cannot_rewind_has_one_attempt),
        cmocka_unit_test(callback__that_does_not_has_one_attempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
