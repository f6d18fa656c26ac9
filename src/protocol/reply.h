/* SPDX-License-Identifier: MIT */
/*
 * Replies (RFC 5321 section 4.2): the object behind ph_reply, where one stands, and the parser that
 * fills it. What a reply says stands behind its head, so that it is kept by copying one block.
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

/* The head. Behind it stand whole lines, NUL behind each; behind those of a reply of several lines,
 * once it is whole, the same joined by LF: most replies have one line, which is both. */
struct ph_reply {
    const ph_allocator *allocator; /* its holder's, for what is made of it */
    uint32_t length;               /* of what stands behind the head */
    uint32_t text; /* where the joined lines begin; 0: there is one line, or not all are here */
    uint32_t line_count;
    int16_t code;
    char enhanced[10]; /* the longest is "5.999.999" */
};

/** @return how many bytes the lines have, with a NUL behind each */
static inline size_t ph__reply_lines_length(const struct ph_reply *reply)
{
    return reply->text > 0 ? reply->text : reply->length;
}

/** Puts a copy of a reply at the end of @p block, whose allocator becomes its own. @param at
 * receives where it stands, @return PH_OK or PH_ERR_NO_MEMORY (also beyond the block's maximum) */
int ph__reply_keep(struct ph__buffer *block, const struct ph_reply *reply, uint32_t *at);

/* Where one reply after the other stands. It keeps its memory, so that a session in its stride
 * allocates none. */
struct ph__reply_buffer {
    struct ph__buffer block; /* empty, or a reply whose lines are not all here perhaps */
};

void ph__reply_init(struct ph__reply_buffer *buffer, const ph_allocator *allocator,
                    size_t total_max);
void ph__reply_release(struct ph__reply_buffer *buffer);

/** Takes the reply out; its memory stays. */
void ph__reply_clear(struct ph__reply_buffer *buffer);

/** @return the reply, until the buffer changes; NULL if there is none */
static inline const struct ph_reply *ph__reply_in(const struct ph__reply_buffer *buffer)
{
    return buffer->block.length > 0 ? (const void *)buffer->block.bytes : NULL;
}

/** Puts a copy of @p reply in the buffer. @return PH_OK or PH_ERR_NO_MEMORY (it is empty then) */
int ph__reply_assign(struct ph__reply_buffer *buffer, const struct ph_reply *reply);

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
                                const struct ph__reply_buffer *reply);

/**
 * Takes bytes until one reply is whole.
 *
 * @param reply  filled over the calls; empty before the first
 * @param used   receives how many bytes were taken; those behind a whole reply are left
 * @return CONSUMED (a whole reply is in @p reply), NEED_MORE (all bytes were taken), MALFORMED
 *         (parser->problem says why; what was taken of the bad line is in parser->line), NO_MEMORY
 */
enum ph__parse ph__reply_parse(struct ph__reply_parser *parser, const uint8_t *bytes, size_t n,
                               struct ph__reply_buffer *reply, size_t *used);

#endif
