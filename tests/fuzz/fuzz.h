/* SPDX-License-Identifier: MIT */
/*
 * What fuzz targets share. A target defines LLVMFuzzerTestOneInput and checks properties with
 * REQUIRE; libFuzzer (or replay.c) calls it. Inputs are text as far as it goes, so that a corpus
 * can be read and written by hand; how they are split comes from the input itself.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Ends the program if a property does not hold. */
#define REQUIRE(condition) ((condition) ? (void)0 : fuzz_violated(#condition, __FILE__, __LINE__))

_Noreturn void fuzz_violated(const char *condition, const char *file, int line);

/** @return the bytes in a block of exactly their size, so that an over-read is seen; to be freed */
uint8_t *fuzz_exact(const void *bytes, size_t n);

/** The same with a NUL behind them. */
char *fuzz_string(const void *bytes, size_t n);

/** A hash of what was seen so far, to compare two runs by. Begins with 0. */
void fuzz_note(uint64_t *hash, const void *bytes, size_t n);
void fuzz_note_text(uint64_t *hash, const char *text); /* NULL is allowed */

/* How an input is cut into pieces. */
enum fuzz_split {
    FUZZ_WHOLE,
    FUZZ_BYTES,
    FUZZ_RANDOM, /* the same for the same input */
    fuzz_splits
};

struct fuzz_cutter {
    enum fuzz_split split;
    uint64_t state;
};

void fuzz_cutter_init(struct fuzz_cutter *cutter, enum fuzz_split split, const uint8_t *data,
                      size_t size);

/** @return the length of the next piece, 1 to @p rest */
size_t fuzz_cut(struct fuzz_cutter *cutter, size_t rest);

/* A line of the input, without its LF. */
struct fuzz_line {
    const uint8_t *bytes;
    size_t n;
};

/** Takes the next line off the input. @return there was one */
bool fuzz_next_line(const uint8_t **data, size_t *size, struct fuzz_line *line);

/** @return @p text occurs in the bytes */
bool fuzz_contains(const void *bytes, size_t n, const char *text);

#endif
