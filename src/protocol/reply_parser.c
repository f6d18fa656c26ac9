/* SPDX-License-Identifier: MIT */
/*
 * The reply parser (RFC 5321 section 4.2). Lenient where servers are known to be sloppy (a line
 * that ends in LF alone, a code without text, any second and third digit), strict where a lie could
 * hide: mixed codes, NUL, lines that have no code.
 */
#include <assert.h>
#include <string.h>

#include "base/slice.h"
#include "protocol/reply.h"

void ph__reply_parser_init(struct ph__reply_parser *parser, const ph_allocator *allocator,
                           const struct ph__reply_limits *limits)
{
    *parser = (struct ph__reply_parser){.limits = limits};
    ph__buffer_init(&parser->line, allocator, limits->line_max + 1); /* and a CR */
}

void ph__reply_parser_release(struct ph__reply_parser *parser)
{
    ph__buffer_release(&parser->line);
}

bool ph__reply_parser_is_midway(const struct ph__reply_parser *parser,
                                const struct ph__reply_buffer *reply)
{
    return parser->line.length > 0 || (!parser->is_complete && ph__reply_in(reply));
}

static enum ph__parse malformed(struct ph__reply_parser *parser, const char *problem)
{
    parser->problem = problem;
    return PH__PARSE_MALFORMED;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* Reads a code from 100 to 599; the digits are followed by nothing, a blank or a hyphen. */
static bool read_code(struct ph__slice line, int *code)
{
    const uint8_t *text = line.bytes;
    if (line.length < 3 || text[0] < '1' || text[0] > '5' || !is_digit(text[1]) ||
        !is_digit(text[2]))
        return false;
    if (line.length > 3 && text[3] != ' ' && text[3] != '-')
        return false;
    *code = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    return true;
}

/* The length of "class.subject.detail" at the beginning of a reply's text, 0 if there is none: the
 * class is 2, 4 or 5 (RFC 3463 section 2) and that of the code (RFC 2034 section 4), the numbers
 * have up to three digits. */
static size_t enhanced_length(const uint8_t *text, size_t n, int code)
{
    const int class = code / 100;
    if (class != 2 && class != 4 && class != 5)
        return 0;
    if (n < 5 || text[0] != (uint8_t)('0' + class) || text[1] != '.')
        return 0;
    size_t i = 2;
    for (int part = 0; part < 2; part++) {
        const size_t start = i;
        while (i < n && i - start < 3 && is_digit(text[i]))
            i++;
        if (i == start)
            return 0;
        if (part == 0 && (i >= n || text[i++] != '.'))
            return 0;
    }
    return i == n || text[i] == ' ' ? i : 0;
}

static void note_enhanced(struct ph_reply *reply, struct ph__slice line)
{
    if (line.length < 5 || reply->enhanced[0] != '\0')
        return;
    const size_t length = enhanced_length(line.bytes + 4, line.length - 4, reply->code);
    if (length > 0 && length < sizeof reply->enhanced) {
        memcpy(reply->enhanced, line.bytes + 4, length);
        reply->enhanced[length] = '\0';
    }
}

static struct ph_reply *head_of(const struct ph__reply_buffer *reply)
{
    return (void *)reply->block.bytes;
}

/* The first line brings the head with it. */
static bool append_line(struct ph__reply_buffer *reply, struct ph__slice line, int code)
{
    struct ph__buffer *block = &reply->block;
    const size_t head_size = block->length > 0 ? 0 : sizeof(struct ph_reply);
    if (ph__buffer_reserve(block, head_size + line.length + 1) != PH_OK)
        return false;
    struct ph_reply *head = head_of(reply);
    assert(head);
    if (head_size > 0)
        *head = (struct ph_reply){.allocator = block->allocator, .code = (int16_t)code};
    block->length += (uint32_t)head_size;
    (void)ph__buffer_append(block, line.bytes, line.length);
    (void)ph__buffer_append(block, "", 1);
    head->length += (uint32_t)line.length + 1;
    head->line_count++;
    return true;
}

/* Puts the lines, joined, behind themselves. */
static bool join_lines(struct ph__reply_buffer *reply)
{
    const uint32_t n = head_of(reply)->length;
    if (ph__buffer_reserve(&reply->block, n) != PH_OK)
        return false;
    struct ph_reply *head = head_of(reply);
    (void)ph__buffer_append(&reply->block, head + 1, n);
    char *text = (char *)(head + 1) + n;
    for (char *at = text; (at = memchr(at, '\0', (size_t)(text + n - 1 - at))) != NULL;)
        *at = '\n';
    head->text = n;
    head->length += n;
    return true;
}

static struct ph__slice without_cr(struct ph__slice line)
{
    if (line.length > 0 && line.bytes[line.length - 1] == '\r')
        line.length--;
    return line;
}

static enum ph__parse take_line(struct ph__reply_parser *parser, struct ph__slice line,
                                struct ph__reply_buffer *reply)
{
    if (line.length > parser->limits->line_max)
        return malformed(parser, "an over-long line");
    int code;
    if (line.length == 0 || !read_code(line, &code))
        return malformed(parser, "a line that does not begin with a reply code");
    if (memchr(line.bytes, '\0', line.length))
        return malformed(parser, "a line with a NUL byte");
    const struct ph_reply *begun = ph__reply_in(reply);
    if (begun && code != begun->code)
        return malformed(parser, "a reply that mixes codes");
    if (begun && begun->line_count == parser->limits->lines_max)
        return malformed(parser, "a reply of too many lines");
    if ((begun ? begun->length : 0) + line.length > parser->limits->total_max)
        return malformed(parser, "an over-long reply");
    const bool is_last = line.length == 3 || line.bytes[3] == ' ';
    if (!append_line(reply, line, code))
        return PH__PARSE_NO_MEMORY;
    note_enhanced(head_of(reply), line);
    if (!is_last)
        return PH__PARSE_NEED_MORE;
    return !begun || join_lines(reply) ? PH__PARSE_CONSUMED : PH__PARSE_NO_MEMORY;
}

/* Takes bytes of a line as far as they fit, so that what is kept of a bad one does not depend on
 * how it came. @return PH_OK, PH_ERR_ARGUMENT (not all fit), PH_ERR_NO_MEMORY */
static int collect(struct ph__buffer *line, struct ph__slice piece)
{
    const size_t room = line->max - line->length;
    const int status =
        ph__buffer_append(line, piece.bytes, piece.length < room ? piece.length : room);
    return status == PH_OK && piece.length > room ? PH_ERR_ARGUMENT : status;
}

/* A line that came in pieces is collected first, and so is one that is to be shown as bad. */
static enum ph__parse take_collected(struct ph__reply_parser *parser, struct ph__slice piece,
                                     bool is_whole, struct ph__reply_buffer *reply)
{
    struct ph__buffer *line = &parser->line;
    const int status = collect(line, piece);
    if (status == PH_ERR_NO_MEMORY)
        return PH__PARSE_NO_MEMORY;
    if (status != PH_OK)
        return malformed(parser, "an over-long line");
    if (!is_whole)
        return PH__PARSE_NEED_MORE;
    const struct ph__slice whole = without_cr((struct ph__slice){line->bytes, line->length});
    const enum ph__parse outcome = take_line(parser, whole, reply);
    ph__buffer_truncate(line, outcome == PH__PARSE_MALFORMED ? whole.length : 0);
    return outcome;
}

static enum ph__parse take_piece(struct ph__reply_parser *parser, struct ph__slice piece,
                                 bool is_whole, struct ph__reply_buffer *reply)
{
    if (!is_whole || parser->line.length > 0)
        return take_collected(parser, piece, is_whole, reply);
    const struct ph__slice line = without_cr(piece);
    const enum ph__parse outcome = take_line(parser, line, reply);
    if (outcome == PH__PARSE_MALFORMED && collect(&parser->line, line) == PH_ERR_NO_MEMORY)
        return PH__PARSE_NO_MEMORY;
    return outcome;
}

enum ph__parse ph__reply_parse(struct ph__reply_parser *parser, const uint8_t *bytes, size_t n,
                               struct ph__reply_buffer *reply, size_t *used)
{
    *used = 0;
    while (*used < n) {
        if (parser->is_complete) {
            ph__reply_clear(reply);
            parser->is_complete = false;
        }
        const uint8_t *start = bytes + *used;
        const uint8_t *end = memchr(start, '\n', n - *used);
        const size_t length = end ? (size_t)(end - start) : n - *used;
        const enum ph__parse outcome =
            take_piece(parser, (struct ph__slice){start, length}, end != NULL, reply);
        *used += length + (end ? 1 : 0);
        parser->is_complete = outcome == PH__PARSE_CONSUMED;
        if (outcome != PH__PARSE_NEED_MORE)
            return outcome;
    }
    return PH__PARSE_NEED_MORE;
}
