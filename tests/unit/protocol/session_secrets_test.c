/* SPDX-License-Identifier: MIT */
/* What of secrets, and of a mechanism that explains too much, is seen of a session. */
#include "protocol/session.h"

#include <string.h>

#include "unit/base/test.h"
#include "unit/protocol/peer.h"

static void trace__hides_what_a_caller_says_in_an_auth_of_raw_lines(void **state)
{
    (void)state;
    static const char *const begin[] = {"AUTH LOGIN", "auth login", " AUTH LOGIN"};
    for (size_t i = 0; i < ROWS(begin); i++) {
        struct peer peer;
        peer_init(&peer);
        peer_open(&peer, "250-mx\r\n250 AUTH LOGIN\r\n");
        assert_int_equal(ph__session_command(peer.session, PH__SINGLE_RAW, begin[i]), PH_OK);
        (void)peer_takes(&peer);
        assert_int_equal(peer_says(&peer, "334 UGFzc3dvcmQ6\r\n"), PH_OK);
        assert_int_equal(ph__session_command(peer.session, PH__SINGLE_RAW, PEER_SECRET_BASE64),
                         PH_OK);
        CHECK(strcmp(peer_takes(&peer), PEER_SECRET_BASE64 "\r\n") == 0, begin[i]);
        assert_int_equal(peer_says(&peer, "235 ok\r\n"), PH_OK);
        assert_int_equal(ph__session_command(peer.session, PH__SINGLE_RAW, "XYZ"), PH_OK);
        (void)peer_takes(&peer);
        CHECK(!strstr(peer.traced, PEER_SECRET_BASE64), begin[i]);
        CHECK(!strstr(peer.traced, "UGFzc3dvcmQ6"), begin[i]);
        CHECK(strstr(peer.traced, "> XYZ\n"), begin[i]); /* the exchange is over */
        peer_release(&peer);
    }
}

static void trace__shows_secrets_only_on_the_callers_word(void **state)
{
    (void)state;
    for (int shows = 0; shows <= 1; shows++) {
        struct peer peer;
        peer_init(&peer);
        peer.trace.shows_secrets = shows;
        peer_open(&peer, "250-mx\r\n250 AUTH FAKE\r\n");
        assert_int_equal(peer_authenticates(&peer), PH_OK);
        assert_string_equal(peer_takes(&peer), "AUTH FAKE " PEER_SECRET_BASE64 "\r\n");
        assert_int_equal(peer_says(&peer, "535 no\r\n"), PH_OK);
        assert_int_equal(peer.event.status, PH_ERR_AUTHENTICATION);
        assert_int_equal(strstr(peer.traced, PEER_SECRET_BASE64) != NULL, shows);
        assert_null(strstr(ph__session_error(peer.session)->view->message, PEER_SECRET_BASE64));
        assert_string_equal(ph__session_error(peer.session)->view->command, "AUTH FAKE");
        peer_release(&peer);
    }
}

static int explaining_step(void *exchange, const void *challenge, size_t n,
                           ph_mechanism_response *response)
{
    (void)challenge;
    (void)n;
    ph_mechanism_explain(response, "first\r\nsecond\nthird");
    return *(const int *)exchange;
}

static int explaining_start(const ph_credentials *credentials, void *user_data, void **exchange)
{
    (void)credentials;
    *exchange = user_data;
    return PH_OK;
}

static void explaining_finish(void *exchange)
{
    (void)exchange;
}

/* A mechanism of the caller's own: what it returns and explains is made fit to be shown. */
static void auth__a_mechanism_that_fails_ends_in_one_sentence(void **state)
{
    (void)state;
    static const struct {
        int returned;
        int expected;
        const char *note;
    } rows[] = {
        {PH_ERR_PROTOCOL, PH_ERR_PROTOCOL, "a status"},
        {1, PH_ERR_AUTHENTICATION, "a number that is no status"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct peer peer;
        int returned = rows[i].returned;
        const ph_mechanism mechanism = {.name = "OWN",
                                        .start = explaining_start,
                                        .step = explaining_step,
                                        .finish = explaining_finish,
                                        .user_data = &returned};
        const struct ph__login login = {.mechanism = &mechanism,
                                        .credentials = {.user = "u", .secret = "s", .host = "mx"}};
        peer_init(&peer);
        peer_open(&peer, "250-mx\r\n250 AUTH OWN\r\n");
        assert_int_equal(ph__session_authenticate(peer.session, &login), PH_OK);
        assert_string_equal(peer_takes(&peer), "AUTH OWN\r\n");
        assert_int_equal(peer_says(&peer, "334 \r\n"), PH_OK);
        CHECK(strcmp(peer_takes(&peer), "*\r\n") == 0, rows[i].note);
        assert_int_equal(peer_says(&peer, "501 cancelled\r\n"), PH_OK);
        CHECK(peer.event.status == rows[i].expected, rows[i].note);
        const char *message = ph__session_error(peer.session)->view->message;
        CHECK(strstr(message, "first\\r second third"), rows[i].note);
        CHECK(!strchr(message, '\n'), rows[i].note);
        peer_release(&peer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trace__hides_what_a_caller_says_in_an_auth_of_raw_lines),
        cmocka_unit_test(trace__shows_secrets_only_on_the_callers_word),
        cmocka_unit_test(auth__a_mechanism_that_fails_ends_in_one_sentence),
    };
    return cmocka_run_group_tests_name("protocol/session: secrets", tests, NULL, NULL);
}
