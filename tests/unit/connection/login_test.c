/* SPDX-License-Identifier: MIT */
/* A login that belongs to the server: it comes before READY, or instead of it. */
#include "unit/connection/pair.h"

#include <string.h>

static void begin(struct pair *p, const char *authtype, const char *offers)
{
    char reply[128] = "250-mx\r\n";
    pair_init(p);
    assert_int_equal(ph_server_set_login(p->server, "user", "secret", authtype), PH_OK);
    pair_open(p);
    pair_say(p, strcat(reply, offers));
}

static void login__comes_before_ready(void **state)
{
    (void)state;
    struct pair p;
    begin(&p, NULL, "250 AUTH PLAIN\r\n");
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n");
    pair_say(&p, "235 welcome\r\n");
    pair_expect(&p, PH_EVENT_READY, PH_OK);
    pair_end(&p);
}

static void login__takes_several_steps(void **state)
{
    (void)state;
    struct pair p;
    begin(&p, "login", "250 AUTH LOGIN\r\n");
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), "AUTH LOGIN\r\n");
    pair_say(&p, "334 VXNlcm5hbWU6\r\n");
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), "dXNlcg==\r\n");
    pair_say(&p, "334 UGFzc3dvcmQ6\r\n");
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), "c2VjcmV0\r\n");
    pair_say(&p, "235 welcome\r\n");
    pair_expect(&p, PH_EVENT_READY, PH_OK);
    pair_end(&p);
}

static void login_that_is_refused__closes(void **state)
{
    (void)state;
    struct pair p;
    begin(&p, "auto", "250 AUTH PLAIN\r\n");
    pair_say(&p, "535 5.7.8 no\r\n");
    pair_expect(&p, PH_EVENT_CLOSED, PH_ERR_AUTHENTICATION);
    const ph_error *error = ph_connection_error(p.connection);
    assert_int_equal(error->reply_code, 535);
    assert_int_equal(error->phase, PH_PHASE_AUTH);
    assert_non_null(strstr(error->message, "it offers PLAIN"));
    pair_expect_none(&p);
    pair_end(&p);
}

static void login_that_cannot_begin__closes(void **state)
{
    (void)state;
    struct pair p;
    begin(&p, "auto", "250 AUTH NTLM\r\n");
    pair_expect(&p, PH_EVENT_CLOSED, PH_ERR_UNSUPPORTED);
    assert_int_equal(ph_connection_error(p.connection)->status, PH_ERR_UNSUPPORTED);
    pair_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(login__comes_before_ready),
        cmocka_unit_test(login__takes_several_steps),
        cmocka_unit_test(login_that_is_refused__closes),
        cmocka_unit_test(login_that_cannot_begin__closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
