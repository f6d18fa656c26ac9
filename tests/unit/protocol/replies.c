/* SPDX-License-Identifier: MIT */
/* Replies for tests, made from their text by the parser itself. */
#include "unit/protocol/replies.h"

#include <string.h>

#include "base/allocator.h"
#include "unit/base/test.h"

const struct ph__reply_limits default_reply_limits = {.line_max = ph__reply_line_max_default,
                                                      .lines_max = ph__reply_lines_max_default,
                                                      .total_max = ph__reply_total_max_default};

void reply_init_with(struct ph__reply_buffer *reply, const char *text)
{
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    struct ph__reply_parser parser;
    size_t used;
    ph__reply_init(reply, allocator, default_reply_limits.total_max);
    ph__reply_parser_init(&parser, allocator, &default_reply_limits);
    assert_int_equal(ph__reply_parse(&parser, (const uint8_t *)text, strlen(text), reply, &used),
                     PH__PARSE_CONSUMED);
    assert_int_equal(used, strlen(text));
    ph__reply_parser_release(&parser);
}
