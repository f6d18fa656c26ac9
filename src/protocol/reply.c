/* SPDX-License-Identifier: MIT */
/* The reply object: where it stands and what callers ask of it. The parser is in reply_parser.c. */
#include "protocol/reply.h"

#include <string.h>

#include <posthaste/capabilities.h>

#include "base/base64.h"

/* Each line stands there twice, and takes one byte more than it has: LF or NUL. */
void ph__reply_init(struct ph__reply_buffer *buffer, const ph_allocator *allocator,
                    size_t total_max)
{
    ph__buffer_init(&buffer->block, allocator, sizeof(struct ph_reply) + 4 * total_max + 4);
}

void ph__reply_release(struct ph__reply_buffer *buffer)
{
    ph__buffer_release(&buffer->block);
}

void ph__reply_clear(struct ph__reply_buffer *buffer)
{
    ph__buffer_truncate(&buffer->block, 0);
}

int ph__reply_keep(struct ph__buffer *block, const struct ph_reply *reply, uint32_t *at)
{
    const size_t gap = (0U - block->length) % _Alignof(struct ph_reply);
    const size_t size = sizeof *reply + reply->length;
    if (ph__buffer_reserve(block, gap + size) != PH_OK)
        return PH_ERR_NO_MEMORY;
    *at = block->length + (uint32_t)gap;
    struct ph_reply *kept = (void *)(block->bytes + *at);
    memcpy(kept, reply, size);
    kept->allocator = block->allocator;
    block->length += (uint32_t)(gap + size);
    return PH_OK;
}

int ph__reply_assign(struct ph__reply_buffer *buffer, const struct ph_reply *reply)
{
    uint32_t at;
    ph__reply_clear(buffer);
    return ph__reply_keep(&buffer->block, reply, &at);
}

static const char *lines_of(const ph_reply *reply)
{
    return (const char *)(reply + 1);
}

int ph_reply_code(const ph_reply *reply)
{
    return reply->code;
}

const char *ph_reply_text(const ph_reply *reply)
{
    return lines_of(reply) + reply->text;
}

size_t ph_reply_line_count(const ph_reply *reply)
{
    return reply->line_count;
}

const char *ph_reply_line(const ph_reply *reply, size_t index)
{
    if (index >= reply->line_count)
        return NULL;
    const char *line = lines_of(reply);
    for (size_t i = 0; i < index; i++)
        line += strlen(line) + 1;
    return strlen(line) > 4 ? line + 4 : ""; /* "250-text", "250 ", "250" */
}

const char *ph_reply_message(const ph_reply *reply)
{
    return lines_of(reply);
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
    ph__buffer_init(&challenge, reply->allocator, n);
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
