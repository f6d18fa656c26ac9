/* SPDX-License-Identifier: MIT */
/*
 * Replies (RFC 5321 section 4.2): the object behind ph_reply, and the parser that fills one.
 * A reply keeps its memory when it is filled again, so that a session in its stride allocates none.
 */
#ifndef PH_PROTOCOL_REPLY_H
#define PH_PROTOCOL_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <posthaste/reply.h>

#include "base/buffer.h"

/* What a parser came to: whole, or not yet, or never. */
enum ph__parse {
    PH__PARSE_CONSUMED,
    PH__PARSE_NEED_MORE,
    PH__PARSE_MALFORMED,
    PH__PARSE_NO_MEMORY
};

/* Against servers that send without end (RFC 5321 section 4.5.3.1.5 asks for 512 octets a line;
 * real ones send more). */
enum {
    ph__reply_line_max_default = 4096,
    ph__reply_lines_max_default = 512,
    ph__reply_total_max_default = 64 * 1024
};

struct ph__reply_limits {
    size_t line_max;  /* bytes of one line, its end not counted */
    size_t lines_max; /* lines of one reply */
    size_t total_max; /* bytes of one reply */
};

struct ph_reply {
    /* Whole lines, NUL behind each. Behind those of a reply of several lines, once it is whole, the
     * same joined by LF: most replies have one line, which is both. */
    struct ph__buffer lines;
    size_t text; /* where the joined lines begin; 0: there is one line, or not all are here */
    size_t line_count;
    int code;
    char enhanced[12];
};

void ph__reply_init(struct ph_reply *reply, const ph_allocator *allocator, size_t total_max);
void ph__reply_release(struct ph_reply *reply);

/** Empties a reply; it keeps its memory. */
void ph__reply_clear(struct ph_reply *reply);

/** @return the reply holds something */
static inline bool ph__reply_is_set(const struct ph_reply *reply)
{
    return reply->line_count > 0;
}

/** @return how many bytes the lines have, with a NUL behind each */
static inline size_t ph__reply_lines_length(const struct ph_reply *reply)
{
    return reply->text > 0 ? reply->text : reply->lines.length;
}

/** Makes @p to equal @p from. @return PH_OK or PH_ERR_NO_MEMORY (@p to is empty then) */
int ph__reply_assign(struct ph_reply *to, const struct ph_reply *from);

/** @return a new reply equal to @p reply, in memory of @p allocator, or NULL; freed by
 * ph__reply_free */
struct ph_reply *ph__reply_copy(const ph_allocator *allocator, const struct ph_reply *reply);
void ph__reply_free(struct ph_reply *reply);

struct ph__reply_parser {
    const struct ph__reply_limits *limits;
    struct ph__buffer line; /* the line that is coming in */
    bool is_complete;       /* the last reply was handed out: the next byte begins another */
    const char *problem;    /* after MALFORMED: what is wrong, for a sentence */
};

/** @p limits must outlive the parser. */
void ph__reply_parser_init(struct ph__reply_parser *parser, const ph_allocator *allocator,
                           const struct ph__reply_limits *limits);
void ph__reply_parser_release(struct ph__reply_parser *parser);

/** @return some bytes of a reply came, and not yet all */
bool ph__reply_parser_is_midway(const struct ph__reply_parser *parser,
                                const struct ph_reply *reply);

/**
 * Takes bytes until one reply is whole.
 *
 * @param reply  filled over the calls; empty before the first
 * @param used   receives how many bytes were taken; those behind a whole reply are left
 * @return CONSUMED (a whole reply is in @p reply), NEED_MORE (all bytes were taken), MALFORMED
 *         (parser->problem says why; what was taken of the bad line is in parser->line), NO_MEMORY
 */
enum ph__parse ph__reply_parse(struct ph__reply_parser *parser, const uint8_t *bytes, size_t n,
                               struct ph_reply *reply, size_t *used);

#endif
