/* SPDX-License-Identifier: MIT */
/* What a mechanism answers a challenge with: bytes that wipe themselves, and an explanation. */
#include "base/mechanism_response.h"

#include <string.h>

#include "base/secure_wipe.h"
#include "base/utf8.h"

void ph__mechanism_response_init(ph_mechanism_response *response, const ph_allocator *allocator)
{
    ph__buffer_init_secret(&response->bytes, allocator, ph__mechanism_response_max);
    response->explanation[0] = '\0';
    response->is_complete = false;
}

void ph__mechanism_response_reset(ph_mechanism_response *response)
{
    ph__buffer_truncate(&response->bytes, 0);
}

void ph__mechanism_response_release(ph_mechanism_response *response)
{
    ph__buffer_release(&response->bytes);
    ph__wipe(response->explanation, sizeof response->explanation);
    response->is_complete = false;
}

int ph_mechanism_respond(ph_mechanism_response *response, const void *bytes, size_t n)
{
    return ph__buffer_append(&response->bytes, bytes, n);
}

void ph_mechanism_explain(ph_mechanism_response *response, const char *text)
{
    size_t length = text ? strlen(text) : 0;
    if (length > ph__explanation_max)
        length = ph__utf8_whole_length((const uint8_t *)text, ph__explanation_max);
    if (length > 0)
        memmove(response->explanation, text, length);
    response->explanation[length] = '\0';
}

void ph_mechanism_complete(ph_mechanism_response *response)
{
    response->is_complete = true;
}
