/* SPDX-License-Identifier: MIT */
/* UTF-8 against a decoder of its own; escaped text is safe to print and says all it was made of. */
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"

/* RFC 3629 by code points. @return the length of the sequence, 0 if it is none */
static size_t reference_sequence(const uint8_t *bytes, size_t n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t length = bytes[0] < 0x80             ? 1
                          : (bytes[0] & 0xe0) == 0xc0 ? 2
                          : (bytes[0] & 0xf0) == 0xe0 ? 3
                          : (bytes[0] & 0xf8) == 0xf0 ? 4
                                                      : 0;
    if (length == 0 || length > n)
        return 0;
    uint32_t code = length == 1 ? bytes[0] : bytes[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (bytes[i] & 0x3f);
    }
    const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < least[length] || code > 0x10ffff || is_surrogate ? 0 : length;
}

static bool reference_is_valid(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n;) {
        const size_t length = reference_sequence(bytes + i, n - i);
        REQUIRE(length == ph__utf8_sequence(bytes + i, n - i));
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

static uint8_t hex_value(char digit)
{
    REQUIRE((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f'));
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

/* Takes escapes back. @return the length */
static size_t unescape(const char *text, uint8_t *out)
{
    size_t n = 0;
    while (*text != '\0') {
        if (*text != '\\') {
            out[n++] = (uint8_t)*text++;
            continue;
        }
        REQUIRE(text[1] == 'r' || text[1] == 't' || text[1] == '\\' || text[1] == 'x');
        const bool is_hex = text[1] == 'x';
        if (is_hex)
            out[n++] = (uint8_t)(hex_value(text[2]) << 4 | hex_value(text[3]));
        else
            out[n++] = text[1] == 'r' ? '\r' : text[1] == 't' ? '\t' : '\\';
        text += is_hex ? 4 : 2;
    }
    return n;
}

static void require_printable(const char *text, size_t n)
{
    const uint8_t *bytes = (const uint8_t *)text;
    REQUIRE(ph__utf8_is_valid(bytes, n));
    for (size_t i = 0; i < n; i++) {
        REQUIRE(bytes[i] == '\n' || (bytes[i] >= 0x20 && bytes[i] != 0x7f));
        REQUIRE(bytes[i] != 0xc2 || bytes[i + 1] >= 0xa0); /* no C1 */
    }
}

static void check_escaping(const uint8_t *bytes, size_t n)
{
    const size_t room = n * 4 + 1;
    char *whole = malloc(room);
    uint8_t *back = malloc(room);
    REQUIRE(whole && back);
    const size_t length = ph__escape(whole, room, bytes, n);
    REQUIRE(strlen(whole) == length);
    require_printable(whole, length);
    REQUIRE(unescape(whole, back) == n && (n == 0 || memcmp(back, bytes, n) == 0));

    const size_t less = 1 + (n > 0 ? bytes[0] % room : 0);
    char *part = malloc(less);
    REQUIRE(part);
    const size_t cut = ph__escape(part, less, bytes, n);
    REQUIRE(cut < less && strlen(part) == cut && memcmp(part, whole, cut) == 0);
    REQUIRE(cut == length || cut + 4 >= less); /* no more is left out than a character */
    require_printable(part, cut);
    free(part);
    free(back);
    free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *input = fuzz_exact(data, size);
    REQUIRE(ph__utf8_is_valid(input, size) == reference_is_valid(input, size));
    const size_t length = ph__utf8_whole_length(input, size);
    REQUIRE(length <= size && size - length <= 3);
    if (ph__utf8_is_valid(input, size))
        REQUIRE(length == size);
    for (size_t n = 0; ph__utf8_is_valid(input, size) && n < size && n < 64; n++)
        REQUIRE(ph__utf8_is_valid(input, ph__utf8_whole_length(input, n)));
    check_escaping(input, size);
    free(input);
    return 0;
}
