/* SPDX-License-Identifier: MIT */
/* The reply object: its memory and what callers ask of it. The parser is in reply_parser.c. */
#include "protocol/reply.h"

#include <string.h>

#include <posthaste/capabilities.h>

#include "base/allocator.h"
#include "base/base64.h"

void ph__reply_init(struct ph_reply *reply, const ph_allocator *allocator, size_t total_max)
{
    *reply = (struct ph_reply){.code = 0};
    /* Each line stands there twice, and takes one byte more than it has: LF or NUL. */
    ph__buffer_init(&reply->lines, allocator, 4 * total_max + 4);
}

void ph__reply_release(struct ph_reply *reply)
{
    ph__buffer_release(&reply->lines);
}

void ph__reply_clear(struct ph_reply *reply)
{
    ph__buffer_truncate(&reply->lines, 0);
    reply->text = 0;
    reply->line_count = 0;
    reply->code = 0;
    reply->enhanced[0] = '\0';
}

int ph__reply_assign(struct ph_reply *to, const struct ph_reply *from)
{
    ph__reply_clear(to);
    if (ph__buffer_append(&to->lines, from->lines.bytes, from->lines.length) != PH_OK)
        return PH_ERR_NO_MEMORY;
    to->text = from->text;
    to->line_count = from->line_count;
    to->code = from->code;
    memcpy(to->enhanced, from->enhanced, sizeof to->enhanced);
    return PH_OK;
}

struct ph_reply *ph__reply_copy(const ph_allocator *allocator, const struct ph_reply *reply)
{
    struct ph_reply *copy = ph__allocate(allocator, sizeof *copy);
    if (!copy)
        return NULL;
    ph__reply_init(copy, allocator, reply->lines.max / 4);
    if (ph__reply_assign(copy, reply) == PH_OK)
        return copy;
    ph__reply_free(copy);
    return NULL;
}

void ph__reply_free(struct ph_reply *reply)
{
    if (!reply)
        return;
    const ph_allocator *allocator = reply->lines.allocator;
    ph__reply_release(reply);
    ph__release(allocator, reply);
}

int ph_reply_code(const ph_reply *reply)
{
    return reply->code;
}

const char *ph_reply_text(const ph_reply *reply)
{
    return (const char *)reply->lines.bytes + reply->text;
}

size_t ph_reply_line_count(const ph_reply *reply)
{
    return reply->line_count;
}

const char *ph_reply_line(const ph_reply *reply, size_t index)
{
    if (index >= reply->line_count)
        return NULL;
    const char *line = (const char *)reply->lines.bytes;
    for (size_t i = 0; i < index; i++)
        line += strlen(line) + 1;
    return strlen(line) > 4 ? line + 4 : ""; /* "250-text", "250 ", "250" */
}

const char *ph_reply_message(const ph_reply *reply)
{
    return (const char *)reply->lines.bytes;
}

const char *ph_reply_enhanced_code(const ph_reply *reply)
{
    return reply->enhanced[0] != '\0' ? reply->enhanced : NULL;
}

bool ph_reply_is_success(const ph_reply *reply)
{
    return reply->code / 100 == 2;
}

bool ph_reply_is_continue(const ph_reply *reply)
{
    return reply->code / 100 == 3;
}

ph_status ph_reply_error_class(const ph_reply *reply)
{
    if (reply->code / 100 == 4)
        return PH_ERR_SERVER_BUSY;
    if (reply->code / 10 == 50)
        return PH_ERR_SYNTAX;
    if (reply->code / 10 == 53)
        return PH_ERR_AUTHENTICATION;
    if (reply->code / 100 == 5)
        return PH_ERR_FATAL;
    return PH_ERR_UNKNOWN;
}

int ph_reply_cram_md5_challenge(const ph_reply *reply, void *buffer, size_t size, size_t *length)
{
    const char *word = ph_reply_line(reply, 0);
    const size_t n = strcspn(word, " ");
    struct ph__buffer challenge;
    *length = 0;
    if (reply->code != 334 || n == 0)
        return PH_ERR_PROTOCOL;
    ph__buffer_init(&challenge, reply->lines.allocator, reply->lines.max);
    int status = ph__base64_decode(&challenge, word, n);
    if (status == PH_OK) {
        *length = challenge.length;
        if (challenge.length > size)
            status = PH_ERR_ARGUMENT;
        else if (challenge.length > 0)
            memcpy(buffer, challenge.bytes, challenge.length);
    }
    ph__buffer_release(&challenge);
    return status;
}
