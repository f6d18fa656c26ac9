/* SPDX-License-Identifier: MIT */
/* What the tests of the blocking client against a scripted server share. */
#ifndef TESTS_FAULT_CLIENT_TEST_H
#define TESTS_FAULT_CLIENT_TEST_H

#include "unit/base/test.h"

#include <string.h>

#include <posthaste/posthaste.h>

#include "support/scripted_server.h"

/* The beginning of every session here. */
#define GREETED                                                                                    \
    {STEP_SAY, "220 mx.example.net ready\r\n"}, {STEP_HEAR, "EHLO "},                              \
    {                                                                                              \
        STEP_SAY, "250-mx.example.net\r\n250 SIZE 1000000\r\n"                                     \
    }

/* A transaction as far as the content. */
#define TO_CONTENT                                                                                 \
    {STEP_HEAR, "MAIL FROM:<a@example.org>"}, {STEP_SAY, "250 ok\r\n"},                            \
        {STEP_HEAR, "RCPT TO:<b@example.org>"}, {STEP_SAY, "250 ok\r\n"}, {STEP_HEAR, "DATA"},     \
    {                                                                                              \
        STEP_SAY, "354 go ahead\r\n"                                                               \
    }

#define SAID_GOODBYE                                                                               \
    {STEP_HEAR, "QUIT"}, {STEP_SAY, "221 bye\r\n"},                                                \
    {                                                                                              \
        STEP_END, NULL                                                                             \
    }

static inline struct scripted_server *play(const struct step *steps)
{
    const struct server_settings settings = {.steps = steps};
    return scripted_server_start(&settings);
}

static inline ph_smtp *client_of(const struct scripted_server *server)
{
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_new("127.0.0.1", scripted_server_port(server), NULL, &smtp), PH_OK);
    return smtp;
}

static inline int send_hello(ph_smtp *smtp)
{
    const char *const to[] = {"b@example.org"};
    return ph_smtp_send_message(smtp, "hello\n", 6, "a@example.org", to, 1);
}

#endif
