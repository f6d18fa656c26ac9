/* SPDX-License-Identifier: MIT */
/* UTF-8 (RFC 3629): well-formed sequences, and text made safe to print. */
#include "base/utf8.h"

#include <string.h>

/* One row per lead byte range of RFC 3629 section 4: the second byte's range excludes overlong
 * forms, surrogates and what lies beyond U+10FFFF. */
static const struct lead {
    uint8_t first, last, length, second_min, second_max;
} leads[] = {
    {0x00, 0x7f, 1, 0x00, 0x00}, {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static bool has_tail(const struct lead *lead, const uint8_t *bytes)
{
    if (lead->length > 1 && (bytes[1] < lead->second_min || bytes[1] > lead->second_max))
        return false;
    for (size_t i = 2; i < lead->length; i++) {
        if (bytes[i] < 0x80 || bytes[i] > 0xbf)
            return false;
    }
    return true;
}

static const struct lead *find_lead(uint8_t byte)
{
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        if (byte >= leads[i].first && byte <= leads[i].last)
            return &leads[i];
    }
    return NULL;
}

size_t ph__utf8_sequence(const uint8_t *bytes, size_t n)
{
    const struct lead *lead = n > 0 ? find_lead(bytes[0]) : NULL;
    return lead && lead->length <= n && has_tail(lead, bytes) ? lead->length : 0;
}

bool ph__utf8_is_valid(const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        const size_t length = ph__utf8_sequence(bytes, n);
        if (length == 0)
            return false;
        bytes += length;
        n -= length;
    }
    return true;
}

static bool begins_long_sequence(const uint8_t *bytes, size_t n)
{
    const struct lead *lead = find_lead(bytes[0]);
    return lead && lead->length > n;
}

size_t ph__utf8_whole_length(const uint8_t *bytes, size_t n)
{
    for (size_t cut = 1; cut <= 3 && cut <= n; cut++) {
        if (begins_long_sequence(bytes + n - cut, cut))
            return n - cut;
    }
    return n;
}

static bool is_printable(const uint8_t *bytes, size_t length)
{
    if (length == 1)
        return bytes[0] == '\n' || (bytes[0] >= 0x20 && bytes[0] != 0x7f && bytes[0] != '\\');
    return length > 1 && !(bytes[0] == 0xc2 && bytes[1] < 0xa0); /* C1 is U+0080 to U+009F */
}

static size_t escape_byte(char out[4], uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    const char letter = byte == '\r' ? 'r' : byte == '\t' ? 't' : byte == '\\' ? '\\' : '\0';
    out[0] = '\\';
    if (letter != '\0') {
        out[1] = letter;
        return 2;
    }
    out[1] = 'x';
    out[2] = digits[byte >> 4];
    out[3] = digits[byte & 15];
    return 4;
}

size_t ph__escape(char *out, size_t room, const void *bytes, size_t n)
{
    const uint8_t *in = bytes;
    size_t written = 0;
    for (size_t i = 0; i < n;) {
        char escaped[4];
        size_t used = ph__utf8_sequence(in + i, n - i);
        const char *piece = (const char *)in + i;
        size_t length = used;
        if (!is_printable(in + i, used)) {
            used = 1;
            length = escape_byte(escaped, in[i]);
            piece = escaped;
        }
        if (written + length + 1 > room)
            break;
        memcpy(out + written, piece, length);
        written += length;
        i += used;
    }
    out[written] = '\0';
    return written;
}
