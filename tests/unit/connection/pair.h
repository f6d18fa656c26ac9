/* SPDX-License-Identifier: MIT */
/*
 * A connection whose server is the test itself: the other end of a pair of sockets. Nothing waits:
 * what one end writes the other has at once, and the time is what the test says.
 */
#ifndef TESTS_UNIT_CONNECTION_PAIR_H
#define TESTS_UNIT_CONNECTION_PAIR_H

#include "unit/base/test.h"

#include <posthaste/posthaste.h>

#include "unit/base/test_allocator.h"

struct pair {
    struct test_allocator test;
    ph_server *server;
    ph_connection *connection;
    ph_event event; /* the last one that was pulled */
    uint64_t now_ms;
    int dialed; /* the client's end, until it is dialed */
    int peer;
    char heard[65536];
};

/* A message from a@ to b@ with content of one line. */
#define HELLO "Subject: hello\r\n\r\nhello\r\n"
#define MAIL  "MAIL FROM:<a@example.org>\r\n"
#define RCPT  "RCPT TO:<b@example.org>\r\n"

/** Makes the server, to be set up; nothing is opened yet. STARTTLS is off. */
void pair_init(struct pair *pair);

/** Opens the connection, and says the greeting. */
void pair_open(struct pair *pair);

/** Opens the connection, and goes on to READY, the server offering @p offers (EHLO's lines behind
 * the first, such as "250 PIPELINING\r\n"). */
void pair_begin(struct pair *pair, const char *offers);

/** The same with another connection to the same server, in place of the one before. */
void pair_begin_again(struct pair *pair, const char *offers);

/** Closes and frees everything, and checks that nothing is left. */
void pair_end(struct pair *pair);

/** The server says something, and the connection takes it in. */
void pair_say(struct pair *pair, const char *text);

/** The server closes its end, and the connection notices. */
void pair_hang_up(struct pair *pair);

/** Takes the connection on with what is ready. */
void pair_process(struct pair *pair);

/** @return what the client wrote in one write, the next that is not heard yet; "" for nothing */
const char *pair_heard(struct pair *pair);

/** Pulls an event of this type, which must be there, into pair->event. */
void pair_expect(struct pair *pair, ph_event_type type, int status);

/** Checks that there is no event. */
void pair_expect_none(struct pair *pair);

/** @return a message from a@ to b@, HELLO */
ph_message *pair_message(const struct pair *pair);

#endif
