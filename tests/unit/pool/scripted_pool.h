/* SPDX-License-Identifier: MIT */
/* A pool with one server, which plays a script to one client after another, and one message. */
#ifndef TESTS_UNIT_POOL_SCRIPTED_POOL_H
#define TESTS_UNIT_POOL_SCRIPTED_POOL_H

#include "fault/client_test.h"

/* What the program was told. */
struct told {
    int count;
    int status;
    ph_outcome outcome;
    uint32_t attempts;
    bool has_result;
    char says[400];
    int adds_again; /* so often, from within */
};

/** A message's completion; @p user_data is a struct told. */
void told_done(ph_pool *pool, const ph_delivery *delivery, void *user_data);

struct scripted_pool {
    struct scripted_server *peer;
    ph_pool *pool;
    ph_server *server;
    ph_message *message;
    struct told told;
};

/** Plays the steps to so many clients; without steps nobody listens. */
void scripted_pool_begin(struct scripted_pool *f, const struct step *steps, size_t clients);

/** Adds the message. @return what ph_pool_add returns */
int scripted_pool_add(struct scripted_pool *f);

/** Adds the message, and runs the pool until it has ended. */
void scripted_pool_run(struct scripted_pool *f);

/** @return the statistics, which must add up */
ph_pool_statistics scripted_pool_end(struct scripted_pool *f);

/** Takes one message, and QUIT. */
extern const struct step scripted_takes_one[];

#endif
