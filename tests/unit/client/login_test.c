/* SPDX-License-Identifier: MIT */
/* Logging in by the mechanisms that Net::SMTP has a call for each, and what is set for it. */
#include "fault/client_test.h"

#include "connection/server.h"

#define OFFERED                                                                                    \
    {STEP_SAY, "220 mx.example.net ready\r\n"}, {STEP_HEAR, "EHLO "},                              \
    {                                                                                              \
        STEP_SAY, "250-mx\r\n250 AUTH PLAIN LOGIN CRAM-MD5\r\n"                                    \
    }

typedef int auth_fn(ph_smtp *smtp, const char *user, const char *secret);

struct login {
    auth_fn *auth;
    const char *authorization_id;
    int status;
    const char *heard;
    struct step steps[16];
};

static const struct login logins[] = {
    {ph_smtp_auth_plain,
     NULL,
     PH_OK,
     "AUTH PLAIN AHRpbQBzZWNyZXQ=\n",
     {OFFERED, {STEP_HEAR, "AUTH"}, {STEP_SAY, "235 welcome\r\n"}, SAID_GOODBYE}},
    {ph_smtp_auth_plain,
     "boss",
     PH_OK,
     "AUTH PLAIN Ym9zcwB0aW0Ac2VjcmV0\n",
     {OFFERED, {STEP_HEAR, "AUTH"}, {STEP_SAY, "235 welcome\r\n"}, SAID_GOODBYE}},
    {ph_smtp_auth_plain,
     NULL,
     PH_ERR_AUTHENTICATION,
     "AUTH PLAIN AHRpbQBzZWNyZXQ=\n",
     {OFFERED, {STEP_HEAR, "AUTH"}, {STEP_SAY, "535 5.7.8 no\r\n"}, SAID_GOODBYE}},
    {ph_smtp_auth_login,
     NULL,
     PH_OK,
     "AUTH LOGIN\ndGlt\nc2VjcmV0\n",
     {OFFERED,
      {STEP_HEAR, "AUTH"},
      {STEP_SAY, "334 VXNlcm5hbWU6\r\n"},
      {STEP_HEAR, ""},
      {STEP_SAY, "334 UGFzc3dvcmQ6\r\n"},
      {STEP_HEAR, ""},
      {STEP_SAY, "235 welcome\r\n"},
      SAID_GOODBYE}},
    /* The example of RFC 2195 section 2. */
    {ph_smtp_auth_cram_md5,
     NULL,
     PH_OK,
     "AUTH CRAM-MD5\ndGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\n",
     {OFFERED,
      {STEP_HEAR, "AUTH"},
      {STEP_SAY, "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n"},
      {STEP_HEAR, ""},
      {STEP_SAY, "235 welcome\r\n"},
      SAID_GOODBYE}},
};

static void auth__says_what_its_mechanism_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(logins); i++) {
        const struct login *login = &logins[i];
        const char *secret = login->auth == ph_smtp_auth_cram_md5 ? "tanstaaftanstaaf" : "secret";
        char expected[256];
        struct scripted_server *server = play(login->steps);
        ph_smtp *smtp = client_of(server);
        assert_int_equal(ph_smtp_set_authorization_id(smtp, login->authorization_id), PH_OK);
        assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
        assert_int_equal(login->auth(smtp, "tim", secret), login->status);
        assert_int_equal(ph_smtp_finish(smtp), PH_OK);
        ph_smtp_free(smtp);
        assert_null(scripted_server_stop(server));
        (void)snprintf(expected, sizeof expected, "EHLO localhost\n%sQUIT\n", login->heard);
        assert_string_equal(scripted_server_heard(), expected);
    }
}

static void auth__before_a_session_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(logins); i++) {
        ph_smtp *smtp;
        assert_int_equal(ph_smtp_new("127.0.0.1", 25, NULL, &smtp), PH_OK);
        assert_int_equal(logins[i].auth(smtp, "tim", "secret"), PH_ERR_STATE);
        ph_smtp_free(smtp);
    }
}

static void authorization_id__that_cannot_be_said_is_refused(void **state)
{
    (void)state;
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_new("127.0.0.1", 25, NULL, &smtp), PH_OK);
    assert_int_equal(ph_smtp_set_authorization_id(smtp, ""), PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_set_authorization_id(smtp, "boss"), PH_OK);
    assert_int_equal(ph_smtp_set_authorization_id(smtp, NULL), PH_OK);
    ph_smtp_free(smtp);
}

/* What becomes of it is in the dialogues: the peer here is this machine, which is safe. */
static void plaintext_auth__is_allowed_by_its_setter_alone(void **state)
{
    (void)state;
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_new("mx.example.net", 25, NULL, &smtp), PH_OK);
    assert_false(ph_smtp_server(smtp)->allows_plaintext_auth);
    ph_smtp_set_allow_plaintext_auth(smtp, true);
    assert_true(ph_smtp_server(smtp)->allows_plaintext_auth);
    ph_smtp_set_allow_plaintext_auth(smtp, false);
    assert_false(ph_smtp_server(smtp)->allows_plaintext_auth);
    ph_smtp_free(smtp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auth__says_what_its_mechanism_says),
        cmocka_unit_test(auth__before_a_session_is_refused),
        cmocka_unit_test(authorization_id__that_cannot_be_said_is_refused),
        cmocka_unit_test(plaintext_auth__is_allowed_by_its_setter_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
