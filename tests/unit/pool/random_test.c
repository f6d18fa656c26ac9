/* SPDX-License-Identifier: MIT */
/*
 * Servers that do what they like, limits that change at any time, and functions of the program's
 * that add, take back, close, abort and free wherever they are called. Whatever happens: of each
 * message is told exactly once; what is told agrees with what arrived; a pool with messages always
 * knows when to go on; what it counts adds up; nothing is left behind.
 *
 * Each round is made from its number, which a failure prints; POSTHASTE_ROUND=N runs that one
 * alone.
 */
#include "unit/pool/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    rounds = 300,
    steps = 60,
    sites = 4,
    letters = 60,
    adds_max = 300, /* in a round: functions that add would never come to an end */
    day_ms = 24 * 3600 * 1000
};

/* What was done with a letter, and came of it. */
struct record {
    size_t added;
    size_t sent;
    size_t unknown;
    size_t not_sent;
    bool is_in;         /* the pool has it */
    bool is_taken_back; /* and has promised to say so */
};

struct round {
    struct world world;
    unsigned number;
    uint64_t random;
    struct record records[letters];
    size_t added;
    unsigned depth; /* of functions that the pool calls, within each other */
    bool is_wild;   /* they may abort and free */
    bool is_honest; /* the servers are, from now on */
    bool is_short_of_memory;
    bool asked_for_unknown; /* at any time: what is unknown may arrive twice */
};

static struct round *round_of(const struct world *world)
{
    return world->user_data;
}

/* ---- Chance ---------------------------------------------------------------------------------- */

/* @return from 0 to n - 1 (xorshift64*) */
static size_t below(struct round *round, size_t n)
{
    round->random ^= round->random >> 12;
    round->random ^= round->random << 25;
    round->random ^= round->random >> 27;
    return (size_t)((round->random * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

static bool one_in(struct round *round, size_t n)
{
    return below(round, n) == 0;
}

/* ---- What the program does ------------------------------------------------------------------- */

static void add(struct round *round, struct letter *letter)
{
    static const char *const domains[] = {NULL, "one.example", "two.example", "three.example"};
    struct world *world = &round->world;
    struct record *record = &round->records[letter->number];
    const ph_pool_options options = {.priority = (ph_priority)below(round, 3),
                                     .domain = domains[below(round, ROWS(domains))],
                                     .done = world_done,
                                     .user_data = letter};
    if (round->added == adds_max)
        return;
    const int status = ph_pool_add(world->pool, world->sites[below(round, sites)].server,
                                   letter->message, &options);
    assert_int_equal(status == PH_ERR_STATE && record->is_in, record->is_in);
    if (status != PH_OK)
        return;
    record->is_in = true;
    record->added++;
    round->added++;
}

static void add_any(struct round *round)
{
    add(round, round->world.letters[below(round, letters)]);
}

static void cancel_any(struct round *round)
{
    const struct letter *letter = round->world.letters[below(round, letters)];
    struct record *record = &round->records[letter->number];
    const bool was_in = record->is_in;
    const size_t added = record->added;
    const int status = ph_pool_cancel(round->world.pool, letter->message);
    assert_true(status == PH_ERR_STATE || (status == PH_OK && was_in));
    /* It may have been told of at once, and its function may have added it again. */
    record->is_taken_back |= status == PH_OK && record->is_in && record->added == added;
}

static void set_retry(struct round *round)
{
    const ph_retry retry = {.attempts = 1 + (uint32_t)below(round, 4),
                            .first_delay_ms = (uint32_t)below(round, 1000),
                            .delay_max_ms = (uint32_t)below(round, 5000),
                            .unknown_too = round->number % 4 == 0 && one_in(round, 2)};
    round->asked_for_unknown |= retry.unknown_too;
    assert_int_equal(ph_pool_set_retry(round->world.pool, &retry), PH_OK);
}

static void set_any_limit(struct round *round)
{
    ph_pool *pool = round->world.pool;
    switch (below(round, 10)) {
    case 0:
        ph_pool_set_connections_max(pool, below(round, 6));
        break;
    case 1:
        ph_pool_set_connections_per_server(pool, below(round, 4));
        break;
    case 2:
        ph_pool_set_messages_per_domain(pool, below(round, 4));
        break;
    case 3:
        ph_pool_set_messages_per_connection(pool, below(round, 5));
        break;
    case 4:
        ph_pool_set_rate(pool, (double)below(round, 4) * 2);
        break;
    case 5:
        ph_pool_set_server_rate(pool, (double)below(round, 4));
        break;
    case 6:
        ph_pool_set_idle_timeout(pool, (uint32_t)below(round, 5000));
        break;
    case 7:
        ph_pool_set_probe_after(pool, (uint32_t)below(round, 1000));
        break;
    case 8:
        ph_pool_set_messages_max(pool, 1 + below(round, letters));
        break;
    default:
        set_retry(round);
        break;
    }
}

static void end_somehow(struct round *round)
{
    struct world *world = &round->world;
    switch (below(round, 4)) {
    case 0:
        ph_pool_close(world->pool);
        break;
    case 1:
        ph_pool_abort(world->pool);
        break;
    case 2:
        ph_pool_free(world->pool);
        world->pool = NULL;
        break;
    default:
        ph_pool_cancel_waiting(world->pool);
        break;
    }
}

static void do_something(struct round *round)
{
    const size_t chance = below(round, 16);
    if (!round->world.pool)
        return;
    if (chance < 8)
        add_any(round);
    else if (chance < 11)
        cancel_any(round);
    else if (chance < 15)
        set_any_limit(round);
    else if (round->is_wild && one_in(round, 12))
        end_somehow(round);
    else if (one_in(round, 6))
        ph_pool_cancel_waiting(round->world.pool);
}

/* ---- From within ----------------------------------------------------------------------------- */

/* Not from within itself for ever: that would have no end. */
static void meddle(struct round *round)
{
    if (round->depth > 2 || round->is_honest || !one_in(round, 3))
        return;
    round->depth++;
    do_something(round);
    round->depth--;
}

static void told(struct letter *letter)
{
    struct round *round = round_of(letter->world);
    struct record *record = &round->records[letter->number];
    assert_true(record->is_in);
    assert_true(!record->is_taken_back || letter->status == PH_ERR_CANCELLED);
    record->is_in = record->is_taken_back = false;
    record->sent += letter->outcome == PH_OUTCOME_SENT;
    record->unknown += letter->outcome == PH_OUTCOME_UNKNOWN;
    record->not_sent += letter->outcome == PH_OUTCOME_NOT_SENT;
    meddle(round);
    if (letter->world->pool && one_in(round, 4))
        add(round, letter);
}

static void told_of_room(ph_pool *pool, void *user_data)
{
    struct round *round = user_data;
    assert_ptr_equal(pool, round->world.pool);
    meddle(round);
}

static int read_somehow(void *buffer, size_t size, size_t *n, void *user_data)
{
    struct round *round = user_data;
    meddle(round);
    *n = one_in(round, 3) ? 0 : 1 + below(round, size < 4000 ? size : 4000);
    memset(buffer, 'x', *n);
    return one_in(round, 12) ? -1 : 0;
}

static int rewind_somehow(void *user_data)
{
    struct round *round = user_data;
    meddle(round);
    return one_in(round, 8) ? -1 : 0;
}

/* ---- What the servers do --------------------------------------------------------------------- */

static const char *answer_oddly(struct visit *visit)
{
    struct round *round = round_of(visit->site->world);
    static const char *const odd[] = {
        "421 4.3.2 that is enough\r\n", "451 4.3.0 later\r\n", "550 5.7.1 no\r\n", world_hangs_up,
        world_takes_and_hangs_up,       "nonsense\r\n",        "354 go ahead\r\n",
    };
    visit->is_silent |= one_in(round, 60);
    return visit->is_silent ? "" : odd[below(round, ROWS(odd))];
}

static const char *answer(struct visit *visit, const char *line)
{
    struct round *round = round_of(visit->site->world);
    if (round->is_honest || strcmp(line, "CONTENT") == 0)
        return NULL;
    if (strcmp(line, "CONNECT") == 0)
        meddle(round);
    visit->hangs_up |= one_in(round, 60);
    return one_in(round, 4 + 12 * visit->site->number) ? answer_oddly(visit) : NULL;
}

static void change_any_site(struct round *round)
{
    struct site *site = &round->world.sites[below(round, sites)];
    site->is_down = one_in(round, 3);
    site->content_takes = one_in(round, 2) ? 0 : below(round, 3000);
    if (one_in(round, 4))
        world_hang_up(site);
}

/* ---- A round --------------------------------------------------------------------------------- */

static void check(const struct round *round)
{
    const struct world *world = &round->world;
    size_t unfinished = 0;
    if (!world->pool)
        return;
    (void)world_statistics(world);
    for (size_t i = 0; i < letters; i++)
        unfinished += round->records[i].is_in;
    assert_int_equal(ph_pool_unfinished(world->pool), unfinished);
    if (unfinished > 0)
        assert_true(ph_pool_deadline(world->pool) != PH_NO_DEADLINE);
}

/* @return how often a letter arrived */
static size_t arrivals_of(const struct world *world, size_t number)
{
    size_t count = 0;
    for (size_t i = 0; i < world->arrival_count; i++)
        count += strtoul(world->arrivals[i].recipient + 1, NULL, 10) == number;
    return count;
}

static void check_arrivals(const struct round *round)
{
    for (size_t i = 0; i < letters; i++) {
        const struct record *record = &round->records[i];
        const size_t arrived = arrivals_of(&round->world, i);
        const size_t untold = record->is_in; /* its pool was freed */
        assert_int_equal(record->added, record->sent + record->unknown + record->not_sent + untold);
        assert_true(arrived >= record->sent);
        if (!round->asked_for_unknown)
            assert_true(arrived <= record->sent + record->unknown + untold);
    }
}

static void begin(struct round *round, unsigned number)
{
    struct world *world = &round->world;
    char recipient[32];
    memset(round, 0, sizeof *round);
    world_begin(world, sites);
    world->user_data = round;
    world->told = told;
    round->number = number;
    round->random = UINT64_C(0x9e3779b97f4a7c15) * (number + 1);
    round->is_wild = number % 3 == 0;
    round->is_short_of_memory = number % 5 == 0;
    ph_pool_set_room(world->pool, told_of_room, round);
    for (size_t i = 0; i < sites; i++) {
        world->sites[i].reply = answer;
        world->sites[i].is_plain = one_in(round, 3);
    }
    for (size_t i = 0; i < letters; i++) {
        (void)snprintf(recipient, sizeof recipient, "n%zu@d%zu.example", i, i % 7);
        ph_message *message = world_letter(world, recipient)->message;
        if (i % 3 == 0) {
            assert_int_equal(ph_message_set_content_callback(message, read_somehow, round), PH_OK);
            assert_int_equal(ph_message_set_rewind(message, rewind_somehow), PH_OK);
        }
    }
}

static void step(struct round *round)
{
    struct world *world = &round->world;
    for (size_t n = below(round, 8); n > 0; n--)
        do_something(round);
    if (one_in(round, 3))
        change_any_site(round);
    if (round->is_short_of_memory && one_in(round, 4))
        world->test.fail_at = world->test.n_allocations + (int)below(round, 20);
    check(round);
    if (one_in(round, 2))
        world_settle(world);
    else
        world_go_to(world, world->now_ms - world->begun_ms + below(round, 3000));
    check(round);
}

/* Nothing stands in the way of what is left. */
static void finish(struct round *round)
{
    struct world *world = &round->world;
    round->is_honest = true;
    world->test.fail_at = -1;
    for (size_t i = 0; i < sites; i++)
        world->sites[i].is_down = false;
    const uint64_t begun = world->now_ms;
    world_finish(world);
    assert_true(world->now_ms - begun < day_ms);
    check(round);
    if (!world->pool)
        return;
    ph_pool_close(world->pool);
    world_go_to(world, world->now_ms - world->begun_ms + 10000);
    assert_int_equal(world_statistics(world).connections_open, 0);
}

static void run_round(unsigned number)
{
    static struct round round; /* large */
    begin(&round, number);
    for (int i = 0; i < steps && round.world.pool; i++)
        step(&round);
    finish(&round);
    check_arrivals(&round);
    (void)world_end(&round.world);
}

static unsigned number_from_environment(const char *name, unsigned otherwise)
{
    const char *value = getenv(name);
    return value ? (unsigned)strtoul(value, NULL, 10) : otherwise;
}

static void pool__keeps_its_word_whatever_happens(void **state)
{
    (void)state;
    const unsigned first = number_from_environment("POSTHASTE_ROUND", 0);
    const unsigned count = number_from_environment("POSTHASTE_ROUNDS", first > 0 ? 1 : rounds);
    for (unsigned i = 0; i < count; i++) {
        (void)fprintf(stderr, "POSTHASTE_ROUND=%u\n", first + i);
        run_round(first + i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool__keeps_its_word_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
