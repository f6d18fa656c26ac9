/* SPDX-License-Identifier: MIT */
/*
 * The other end of a fuzzed session: what a server that obeys the protocol makes of what the
 * session writes, given the replies that the session was told. It knows where a command line
 * begins, so content that could be taken for one, or a command that would be taken for content, is
 * seen.
 *
 * - Command lines are printable bytes and CRLF; those of transactions are what RFC 5321 and
 *   RFC 3030 have, in their order.
 * - Nothing is written behind what ends a group (RFC 2920 section 3.1) before its reply, nothing
 *   without PIPELINING before each, and no command behind a 421.
 * - Content is sent only as the replies to the envelope and the message's policy allow.
 * - A size that BDAT says is followed by as many bytes.
 * - No more is in flight than the limits say.
 */
#ifndef TESTS_FUZZ_SESSION_WIRE_H
#define TESTS_FUZZ_SESSION_WIRE_H

#include "fuzz/session_message.h"

enum {
    messages_max = 48,       /* of one play */
    wire_in_flight_max = 128 /* commands (RFC 2920 section 3.1: nobody's buffers may fill up) */
};

/* What the session was begun with. */
struct wire_settings {
    bool pipelining; /* offered, and not avoided; known once the session is open */
    bool chunking;
    bool overlap;
    unsigned window; /* 1: none */
    uint64_t window_bytes;
};

/* A command that the server has not answered yet. */
enum wire_command {
    WIRE_OTHER, /* the greeting, and commands beside messages: each ends a group */
    WIRE_MAIL,
    WIRE_RCPT,
    WIRE_DATA,
    WIRE_END,
    WIRE_BDAT,
    WIRE_BDAT_LAST,
    WIRE_RSET
};

struct wire {
    struct wire_settings settings;
    /* Messages in the order of their submission; those before `done` have ended. */
    struct message messages[messages_max];
    size_t count;
    size_t done;
    struct message *current; /* of the last MAIL */
    bool may_mail;           /* no transaction is open */
    bool said_goodbye;

    enum {
        WIRE_LINE,
        WIRE_TEXT, /* behind DATA */
        WIRE_CHUNK /* behind BDAT */
    } state;
    char line[2048];
    size_t n;
    size_t chunk_rest;
    bool chunk_is_last;

    /* What the server has not answered yet: a ring. */
    struct wire_awaited {
        enum wire_command command;
        struct message *message;
    } awaited[wire_in_flight_max];
    size_t awaited_first;
    size_t awaited_count;
};

/** The greeting is awaited. */
void wire_init(struct wire *wire);
void wire_release(struct wire *wire);

size_t wire_unfinished(const struct wire *wire);

/** Bytes were written. */
void wire_written(struct wire *wire, const uint8_t *bytes, size_t n);

/** The session took a reply in. @return it answers something */
bool wire_answered(struct wire *wire, int code);

/** DATA alone follows, for this message. */
void wire_begin_data(struct wire *wire, struct message *message);

#endif
