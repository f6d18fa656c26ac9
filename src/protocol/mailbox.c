/* SPDX-License-Identifier: MIT */
/* The syntax of a mailbox (RFC 5321 section 4.1.2, RFC 6531 section 3.3). */
#include "protocol/mailbox.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

/* atext of RFC 5322 section 3.2.3, and what RFC 6531 adds: everything beyond ASCII. */
static bool is_atom_byte(uint8_t byte)
{
    static const char specials[] = "!#$%&'*+-/=?^_`{|}~";
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte >= 0x80 ||
           (byte != '\0' && strchr(specials, byte) != NULL);
}

static bool is_domain_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.' ||
           byte >= 0x80;
}

/* Quoted-string of RFC 5321: printable bytes, a backslash before '"' and "\". @return its length, 0
 * if it is none */
static size_t quoted_length(const uint8_t *text, size_t n)
{
    size_t i = 1;
    while (i < n && text[i] != '"') {
        if (text[i] == '\\')
            i++;
        if (i >= n || text[i] < 0x20 || text[i] == 0x7f)
            return 0;
        i++;
    }
    return i < n ? i + 1 : 0;
}

static size_t local_part_length(const uint8_t *text, size_t n)
{
    if (n > 0 && text[0] == '"')
        return quoted_length(text, n);
    size_t i = 0;
    while (i < n && (is_atom_byte(text[i]) || text[i] == '.'))
        i++;
    return i;
}

static const char *domain_problem(const uint8_t *domain, size_t n)
{
    if (n == 0)
        return "nothing behind the @";
    if (domain[0] == '[') {
        for (size_t i = 1; i + 1 < n; i++) {
            if (domain[i] <= 0x20 || domain[i] >= 0x7f || strchr("[]\\<>\"", domain[i]))
                return "a malformed address literal";
        }
        return n > 2 && domain[n - 1] == ']' ? NULL : "a malformed address literal";
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_domain_byte(domain[i]))
            return "a domain with a byte that none may have";
        if (domain[i] == '.' && (i == 0 || domain[i - 1] == '.'))
            return "a domain with an empty label";
    }
    return NULL;
}

const char *ph__mailbox_problem(const char *mailbox, size_t n)
{
    const uint8_t *text = (const uint8_t *)mailbox;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < 0x20 || text[i] == 0x7f)
            return "a control byte";
    }
    if (!ph__utf8_is_valid(text, n))
        return "bytes that are not UTF-8";
    const size_t local = local_part_length(text, n);
    if (local == 0)
        return n > 0 && text[0] == '"' ? "a quoted local part without end" : "no local part";
    if (local == n)
        return NULL;
    if (text[local] != '@')
        return text[local] == ' ' || text[local] == '<' || text[local] == '>'
                   ? "a blank or bracket outside quotes"
                   : "a byte that needs quotes";
    return domain_problem(text + local + 1, n - local - 1);
}

bool ph__mailbox_is_international(const char *mailbox)
{
    for (; *mailbox != '\0'; mailbox++) {
        if ((unsigned char)*mailbox >= 0x80)
            return true;
    }
    return false;
}
