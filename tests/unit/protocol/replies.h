/* SPDX-License-Identifier: MIT */
/* Replies for tests, made from their text by the parser itself. */
#ifndef TESTS_UNIT_PROTOCOL_REPLIES_H
#define TESTS_UNIT_PROTOCOL_REPLIES_H

#include "protocol/reply.h"

extern const struct ph__reply_limits default_reply_limits;

/** Makes a whole reply of @p text, whose lines end in CRLF. Released with ph__reply_release. */
void reply_init_with(struct ph__reply_buffer *reply, const char *text);

#endif
