/* SPDX-License-Identifier: MIT */
/*
 * A server without a socket: it is given what a client wrote, and says what it answers. It offers
 * what it is told to, and reads text behind DATA and chunks behind BDAT to their ends.
 */
#ifndef TESTS_SUPPORT_SMALL_SERVER_H
#define TESTS_SUPPORT_SMALL_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct small_server {
    const char *offers; /* the reply to EHLO */
    /* Answers in the server's place; may be NULL. A line that ends content is ".". @return what is
     * said, whole lines, or NULL for what is usual */
    const char *(*answer)(struct small_server *server, const char *line);
    void *user_data;
    /* What it says, since somebody last set n_said to 0. */
    char said[8192];
    size_t n_said;
    size_t taken; /* messages */
    /* What it has of a line. */
    char line[512];
    size_t n_line;
    bool is_in_text;
    bool is_in_last_chunk;
    size_t chunk_rest;
};

/** Greets. Recipients that begin with "x" will be refused. */
void small_server_begin(struct small_server *server, const char *offers);

/** Takes what the client wrote, split anywhere. */
void small_server_hear(struct small_server *server, const void *bytes, size_t n);

/** The same with what is there to be read at a socket; what it says is written there.
 * @return something was heard or said */
bool small_server_serve(struct small_server *server, int fd);

#endif
