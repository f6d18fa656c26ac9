/* SPDX-License-Identifier: MIT */
/* What a server says, made safe to show. */
#include "printable.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* @return the length of the character that @p bytes begins with, if it is UTF-8 (RFC 3629) and can
 * be shown as it is; 0 if it must be escaped */
static size_t shown_character(const unsigned char *bytes)
{
    const unsigned char first = bytes[0];
    if (first < 0x80)
        return (first >= ' ' && first != 0x7f) || first == '\n' ? 1 : 0;
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    unsigned long character = first & (0x7fUL >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) /* NUL, too */
            return 0;
        character = character << 6 | (bytes[i] & 0x3fUL);
    }
    static const unsigned long least[] = {0, 0, 0xa0, 0x800, 0x10000}; /* below 0xa0: C1 */
    const bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
    return first < 0xf8 && character >= least[length] && character <= 0x10ffff && !is_surrogate
               ? length
               : 0;
}

static char *append_escaped(char *out, const char *text)
{
    while (*text != '\0') {
        const unsigned char *bytes = (const unsigned char *)text;
        const size_t n = shown_character(bytes);
        if (n > 0) {
            memcpy(out, text, n);
            out += n;
            text += n;
        } else {
            out += sprintf(out, "\\x%02x", bytes[0]);
            text++;
        }
    }
    *out = '\0';
    return out;
}

char *printable(const char *text)
{
    char *copy = malloc(4 * strlen(text) + 1);
    if (copy)
        (void)append_escaped(copy, text);
    return copy;
}

char *printable_reply(const ph_reply *reply)
{
    const size_t count = ph_reply_line_count(reply);
    size_t room = sizeof "250";
    for (size_t i = 0; i < count; i++)
        room += 4 * strlen(ph_reply_line(reply, i)) + sizeof " / ";
    char *text = malloc(room);
    if (!text)
        return NULL;
    char *end = text + sprintf(text, "%03d", ph_reply_code(reply));
    for (size_t i = 0; i < count; i++) {
        end += sprintf(end, "%s", i == 0 ? " " : " / ");
        end = append_escaped(end, ph_reply_line(reply, i));
    }
    return text;
}

void print_safely(const char *text)
{
    char *safe = text && *text != '\0' ? printable(text) : NULL;
    (void)fputs(safe ? safe : "-", stdout);
    free(safe);
}
