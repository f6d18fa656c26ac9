/* SPDX-License-Identifier: MIT */
/*
 * A server that plays a script to one client after another, on loopback, in a thread of its own:
 * what it says, what it expects to hear, where TLS begins, where it stalls or drops.
 */
#ifndef TESTS_SUPPORT_SCRIPTED_SERVER_H
#define TESTS_SUPPORT_SCRIPTED_SERVER_H

#include <stddef.h>

enum step_kind {
    STEP_END,         /* close in order */
    STEP_SAY,         /* send the text */
    STEP_HEAR,        /* read a line that must begin with the text */
    STEP_HEAR_TO_DOT, /* read lines up to the one that is a dot */
    STEP_HEAR_TO_END, /* read until the client closes */
    STEP_TLS,         /* make a handshake; a failed one ends the script */
    STEP_SLEEP,       /* do nothing for as many milliseconds as the text says */
    STEP_SHUT,        /* end what is sent; what the client sends is still taken */
    STEP_RESET,       /* drop the connection with a reset */
    STEP_STALL        /* say nothing until the client closes */
};

struct step {
    enum step_kind kind;
    const char *text;
};

struct server_settings {
    const struct step *steps; /* ended by STEP_END */
    const char *certificate;  /* PEM files; NULL: no TLS step may come */
    const char *key;
    const char *client_ca; /* a client certificate of this CA is required; NULL: none asked */
    int max_version;       /* TLS1_1_VERSION, ...; 0: the newest */
    size_t clients;        /* how many are served; 0 is 1 */
};

struct scripted_server;

/** Listens on 127.0.0.1 and begins to serve; aborts the test program if it cannot. */
struct scripted_server *scripted_server_start(const struct server_settings *settings);

/** @return the port that it listens on */
int scripted_server_port(const struct scripted_server *server);

/**
 * Waits for the script's end, and frees the server.
 * @return NULL if every client did as the script says, or what one did instead (static text)
 */
const char *scripted_server_stop(struct scripted_server *server);

/** @return all lines that the clients sent, joined by LF; valid after stop until the next stop. */
const char *scripted_server_heard(void);

#endif
