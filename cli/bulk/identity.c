/* SPDX-License-Identifier: MIT */
#include "identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t digest_add(uint64_t digest, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < n; i++)
        digest = (digest ^ at[i]) * UINT64_C(0x100000001b3);
    return digest;
}

uint64_t digest_add_text(uint64_t digest, const char *text)
{
    return digest_add(digest, text, strlen(text) + 1);
}

char *identity_of_range(uint64_t offset, uint64_t digest)
{
    char text[48];
    (void)snprintf(text, sizeof text, "%" PRIu64 "-%016" PRIx64, offset, digest);
    return strdup(text);
}

char *identity_of_name(const char *name, size_t n)
{
    char *text = malloc(3 * n + 1);
    if (!text)
        return NULL;
    char *end = text;
    for (size_t i = 0; i < n; i++) {
        const unsigned char byte = (unsigned char)name[i];
        if (byte > ' ' && byte < 0x7f && byte != '%')
            *end++ = (char)byte;
        else
            end += sprintf(end, "%%%02x", byte);
    }
    *end = '\0';
    return text;
}
