/* SPDX-License-Identifier: MIT */
/* The reply parser: any split gives the same, limits hold, a reply's two texts agree. */
#include "protocol/reply.h"

#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "fuzz/fuzz.h"

struct run {
    struct ph__reply_limits limits;
    struct ph__reply_parser parser;
    struct ph__reply_buffer reply;
    size_t taken;
    uint64_t seen;
};

static void check_enhanced(const ph_reply *reply)
{
    const char *code = ph_reply_enhanced_code(reply);
    if (!code)
        return;
    REQUIRE(code[0] == '2' || code[0] == '4' || code[0] == '5');
    REQUIRE(code[0] - '0' == ph_reply_code(reply) / 100);
    REQUIRE(strspn(code, "0123456789.") == strlen(code) && strlen(code) <= 9);
    REQUIRE(strstr(ph_reply_text(reply), code));
}

static void check_reply(struct run *run)
{
    const ph_reply *reply = ph__reply_in(&run->reply);
    const size_t count = ph_reply_line_count(reply);
    REQUIRE(ph_reply_code(reply) >= 100 && ph_reply_code(reply) <= 599);
    REQUIRE(count >= 1 && count <= run->limits.lines_max);
    REQUIRE(strlen(ph_reply_text(reply)) <= run->limits.total_max);
    REQUIRE(!ph_reply_line(reply, count));
    const char *at = ph_reply_text(reply);
    for (size_t i = 0; i < count; i++) {
        const char *line = ph_reply_line(reply, i);
        const size_t length = strcspn(at, "\n");
        REQUIRE(length >= 3 && length <= run->limits.line_max);
        REQUIRE(atoi(at) == ph_reply_code(reply));
        REQUIRE(strlen(line) == (length > 4 ? length - 4 : 0));
        REQUIRE(strncmp(line, at + (length > 4 ? 4 : length), strlen(line)) == 0);
        REQUIRE((at[3] == '-') == (i + 1 < count));
        at += length;
        REQUIRE(*at == (i + 1 < count ? '\n' : '\0'));
        at++;
    }
    REQUIRE(strncmp(ph_reply_message(reply), ph_reply_text(reply),
                    strlen(ph_reply_message(reply))) == 0);
    check_enhanced(reply);
    fuzz_note_text(&run->seen, ph_reply_text(reply));
}

/* @return the parser goes on */
static bool feed(struct run *run, const uint8_t *bytes, size_t n)
{
    uint8_t *piece = fuzz_exact(bytes, n);
    enum ph__parse outcome = PH__PARSE_CONSUMED;
    size_t at = 0;
    while (outcome == PH__PARSE_CONSUMED) {
        size_t used;
        outcome = ph__reply_parse(&run->parser, piece + at, n - at, &run->reply, &used);
        REQUIRE(used <= n - at);
        at += used;
        if (outcome == PH__PARSE_CONSUMED)
            check_reply(run);
    }
    REQUIRE(outcome != PH__PARSE_NO_MEMORY);
    REQUIRE(outcome == PH__PARSE_MALFORMED || at == n);
    free(piece);
    return outcome == PH__PARSE_NEED_MORE;
}

static uint64_t run_with(const struct ph__reply_limits *limits, enum fuzz_split split,
                         const uint8_t *data, size_t size)
{
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    struct run run = {.limits = *limits};
    struct fuzz_cutter cutter;
    fuzz_cutter_init(&cutter, split, data, size);
    ph__reply_parser_init(&run.parser, allocator, limits);
    ph__reply_init(&run.reply, allocator, limits->total_max);
    bool goes_on = true;
    for (size_t at = 0; goes_on && at < size;) {
        const size_t n = fuzz_cut(&cutter, size - at);
        goes_on = feed(&run, data + at, n);
        at += n;
    }
    /* What an error would say of a bad line must not depend on the split either. */
    fuzz_note_text(&run.seen, goes_on ? "..." : run.parser.problem);
    fuzz_note(&run.seen, run.parser.line.bytes, run.parser.line.length);
    ph__reply_parser_release(&run.parser);
    ph__reply_release(&run.reply);
    return run.seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ph__reply_limits limits[] = {
        {ph__reply_line_max_default, ph__reply_lines_max_default, ph__reply_total_max_default},
        {.line_max = 16, .lines_max = 3, .total_max = 40},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const uint64_t whole = run_with(&limits[i], FUZZ_WHOLE, data, size);
        for (int split = FUZZ_BYTES; split < fuzz_splits; split++)
            REQUIRE(run_with(&limits[i], (enum fuzz_split)split, data, size) == whole);
    }
    return 0;
}
