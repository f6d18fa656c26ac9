/* SPDX-License-Identifier: MIT */
/*
 * Runs dialogues: each over the session whole, byte by byte and split at random, over a socket
 * through the blocking client, and with failing allocations.
 *
 * usage: dialogues [--seed N] [--quick] FILE...    --quick leaves the failing allocations out
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dialogues/runner/driver.h"
#include "unit/base/test_allocator.h"

enum {
    random_splits = 5,
    allocations_max = 5000
};

static unsigned seed;
static bool is_quick;
static size_t run_count, failed_count;

static void report(const char *way, const struct dialogue *dialogue, const char *problem)
{
    run_count++;
    if (!problem)
        return;
    failed_count++;
    (void)printf("not ok: %s (%s)\n  %s\n", dialogue->name, way, problem);
}

static void run_with_memory(const struct dialogue *dialogue, enum split split, unsigned number,
                            const char *way)
{
    struct test_allocator memory;
    test_allocator_init(&memory);
    const char *problem = run_over_session(dialogue, split, number, &memory.allocator, false);
    if (!problem && memory.live_blocks != 0)
        problem = "memory was left behind";
    report(way, dialogue, problem);
}

/* Every allocation fails once, and once with all behind it. */
static void run_without_memory(const struct dialogue *dialogue, bool fails_from_there)
{
    const char *problem = NULL;
    bool has_failed = true;
    for (int i = 0; has_failed && !problem && i < allocations_max; i++) {
        struct test_allocator memory;
        test_allocator_init_failing(&memory, i);
        memory.fails_from_there = fails_from_there;
        problem = run_over_session(dialogue, SPLIT_WHOLE, seed, &memory.allocator, true);
        if (!problem && memory.live_blocks != 0)
            problem = "memory was left behind";
        has_failed = memory.has_failed;
    }
    report("failing allocations", dialogue, problem);
}

static void run(const struct dialogue *dialogue)
{
    if (!dialogue->client_only) {
        run_with_memory(dialogue, SPLIT_WHOLE, seed, "session, whole");
        run_with_memory(dialogue, SPLIT_BYTES, seed, "session, byte by byte");
        for (unsigned i = 0; i < random_splits; i++)
            run_with_memory(dialogue, SPLIT_RANDOM, seed + i, "session, split at random");
        if (!is_quick) {
            run_without_memory(dialogue, false);
            run_without_memory(dialogue, true);
        }
    }
    if (!dialogue->session_only)
        report("client", dialogue, run_over_client(dialogue));
}

static size_t run_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *text = read_file(path);
    char *rest = text;
    int line = 0;
    size_t count = 0;
    struct dialogue *dialogue = malloc(sizeof *dialogue);
    if (!dialogue)
        abort();
    while (transcript_next(slash ? slash + 1 : path, &rest, &line, dialogue)) {
        if (dialogue->count > 0)
            run(dialogue);
        transcript_release(dialogue);
        count++;
    }
    free(dialogue);
    free(text);
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    seed = (unsigned)time(NULL);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            is_quick = true;
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = (unsigned)strtoul(argv[++i], NULL, 10);
        else
            count += run_file(argv[i]);
    }
    (void)printf("%zu dialogues, %zu runs, %zu failed (seed %u)\n", count, run_count, failed_count,
                 seed);
    return failed_count > 0 || count == 0;
}
