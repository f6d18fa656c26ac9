/* SPDX-License-Identifier: MIT */
/*
 * The far end of a session under test: says what a server would say, and takes what the session
 * sends. Everything is small and of fixed size, so that it never fails by itself.
 */
#ifndef TESTS_UNIT_PROTOCOL_PEER_H
#define TESTS_UNIT_PROTOCOL_PEER_H

#include <stddef.h>

#include "protocol/session.h"
#include "unit/base/test_allocator.h"

/* The secret that fake_mechanism sends; released memory is searched for it and its base64. */
#define PEER_SECRET        "open sesame!"
#define PEER_SECRET_BASE64 "b3BlbiBzZXNhbWUh"

struct peer {
    struct test_allocator memory;
    struct ph__trace trace;
    struct ph__session_config config;
    struct ph__session *session;
    struct ph__event event; /* the last one pulled; NONE if there was none */
    int n_events;           /* pulled by the last peer_says */
    char sent[160 * 1024];  /* by the last peer_takes, NUL behind */
    size_t n_sent;
    char traced[128 * 1024]; /* "> line", "< line" or "- line", LF behind each */
    size_t n_traced;
};

/** Makes a session with the default limits. */
void peer_init(struct peer *peer);

/** The same with memory that was made ready in peer->memory. peer->session may be NULL then. */
void peer_init_with(struct peer *peer, const struct ph__reply_limits *limits);

/** Frees the session. Fails the test if a block is left or the secret was found in one. */
void peer_release(struct peer *peer);

extern const struct ph__session_start plain_start; /* EHLO, no TLS asked for */

/** Begins, greets and answers EHLO with @p ehlo, such as "250-mx\r\n250 PIPELINING\r\n". */
void peer_open(struct peer *peer, const char *ehlo);

/** Feeds @p text and pulls all events. @return what ph__session_receive returned */
int peer_says(struct peer *peer, const char *text);

/** Takes all there is to write, @p max_slices at a time. @return peer->sent */
const char *peer_takes_by(struct peer *peer, size_t max_slices);
const char *peer_takes(struct peer *peer);

/** Submits an AUTH with a mechanism that speaks first and sends PEER_SECRET. */
int peer_authenticates(struct peer *peer);

/* A message from a@example.org to r0@example.org, r1@..., and what becomes of it. */
struct message {
    struct ph__envelope envelope;
    ph_result *result;
};

void message_init(struct message *message, ph_recipient_policy policy, int n_recipients);
void message_release(struct message *message);

/* Submits the message, whose own address is its tag. @return as ph__session_send */
int message_submit(struct message *message, struct ph__session *session);

#endif
