/* SPDX-License-Identifier: MIT */
/*
 * A pool and as many servers as a test wants, all in one thread and on a clock that the test moves:
 * ph_now_ms is the world's own. A site is a server; a visit is one connection to it, the other end
 * of a pair of sockets. Nothing waits, and what is never done by anybody is found at once: a pool
 * that has messages, and asks for no time at which to go on, fails the test.
 *
 * This is the rig for what a pool does. That it survives want of memory from its very first
 * allocation on, servers and messages included, is tested with fault/pool_rig.h.
 */
#ifndef TESTS_UNIT_POOL_WORLD_H
#define TESTS_UNIT_POOL_WORLD_H

#include "unit/base/test.h"

#include <posthaste/posthaste.h>

#include "unit/base/test_allocator.h"

struct world;
struct site;

/* One connection, as its server sees it. */
struct visit {
    struct visit *next;
    struct site *site;
    int fd;
    size_t number; /* among those of the site, from 1 */
    size_t message_count;
    char recipient[64]; /* of the message under way */
    bool has_sender;
    bool has_recipient;
    bool is_in_content;
    bool is_silent;      /* reads and says nothing any more */
    bool hangs_up;       /* once it has said what it says now */
    uint64_t answers_at; /* a reply to content that is held back, until then; 0: none */
    size_t length;
    char input[4096];
};

/**
 * What a site says to a line, in place of what it would say.
 * @param line  a command; "CONNECT"; "CONTENT", for a line of content that is too long to be kept;
 *              or "." for the end of the content
 * @return a reply with its CRLF; NULL: the usual one; "": none; world_hangs_up: none, and the
 *         connection is closed; world_takes_and_hangs_up: the same, but what "." ends was accepted;
 *         one that begins with 421: said, and the connection is closed. To "CONTENT" a reply or
 *         NULL, which is none
 */
typedef const char *world_reply_fn(struct visit *visit, const char *line);

/** A reply function: each MAIL is refused for now. */
world_reply_fn world_refuses_for_now;

extern const char world_hangs_up[];
extern const char world_takes_and_hangs_up[];

struct site {
    struct world *world;
    ph_server *server;
    size_t number;
    world_reply_fn *reply;  /* NULL: as usual */
    bool is_plain;          /* offers no PIPELINING */
    bool is_down;           /* refuses connections */
    uint64_t content_takes; /* milliseconds, before content is accepted */
    struct visit *visits;
    size_t dialed_count;
    size_t refused_count; /* of connections, while it was down */
    size_t open_count;
    size_t open_max;
    size_t quit_count;
    size_t noop_count;
    size_t mail_count;
    uint64_t dialed_at; /* the last time */
};

/* A message that a site accepted. */
struct arrival {
    const struct site *site;
    size_t visit;
    uint64_t at_ms;
    char recipient[64];
};

/* A message, and what was told of it. */
struct letter {
    struct world *world;
    ph_message *message;
    size_t number; /* among all, from 0 */
    int count;     /* how often it was told of */
    int status;
    ph_outcome outcome;
    uint32_t attempts;
    uint64_t elapsed_ms;
    uint64_t told_at;
    bool has_result;
    char says[200];
};

struct world {
    struct test_allocator test;
    uint64_t now_ms;
    uint64_t begun_ms;
    ph_pool *pool;
    struct site *sites;
    size_t site_count;
    struct letter **letters;
    size_t letter_count;
    struct arrival *arrivals;
    size_t arrival_count;
    size_t open_count; /* visits of all sites */
    size_t open_max;
    void (*told)(struct letter *letter); /* is called whenever a letter is told of; NULL: nobody */
    void *user_data;                     /* the test's */
};

/** Makes a pool, and so many sites that take whatever is sent. */
void world_begin(struct world *world, size_t site_count);

/** Has every site take so many milliseconds over each message. */
void world_set_content_takes(const struct world *world, uint64_t content_takes);

/** Frees the pool if it is there, and everything else, and checks that nothing is left. @return the
 * pool's statistics, which add up (all zeros: it was freed before) */
ph_pool_statistics world_end(struct world *world);

/** @return a message to "NAME@DOMAIN", which world_end frees */
struct letter *world_letter(struct world *world, const char *recipient);

/** Notes what is told of a letter, the user data: for a test that calls ph_pool_add itself. */
void world_done(ph_pool *pool, const ph_delivery *delivery, void *user_data);

/** Adds a letter, or fails the test. @param priority  of the letter */
void world_add(struct letter *letter, struct site *site, ph_priority priority);

/** The same of a letter to "nNUMBER@DOMAIN" that is made for it. @return the letter */
struct letter *world_send(struct world *world, struct site *site, size_t number,
                          const char *domain);

/** The same so often, to one site after the other. */
void world_send_many(struct world *world, size_t count, const char *domain);

/** Lets pool and sites go on until nothing happens any more at this time. */
void world_settle(struct world *world);

/** Moves the clock to @p ms after the world's begin, step by step as the pool asks. */
void world_go_to(struct world *world, uint64_t ms);

/** Moves the clock until no message is left; fails the test when nothing would ever happen. */
void world_finish(struct world *world);

/** @return the pool's statistics now */
ph_pool_statistics world_statistics(const struct world *world);

/** Hangs up on every visitor of a site. */
void world_hang_up(struct site *site);

/** @return how many messages a site has accepted */
size_t world_arrived(const struct world *world, const struct site *site);

#endif
