/* SPDX-License-Identifier: MIT */
/* base64: what was encoded decodes to itself; what decodes is base64 and nothing else. */
#include "base/base64.h"

#include <stdlib.h>
#include <string.h>

#include <posthaste/error.h>

#include "base/allocator.h"
#include "fuzz/fuzz.h"

enum {
    room = 8 << 20
};

static bool is_alphabet(uint8_t byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '+' || byte == '/';
}

/* RFC 4648 sections 3.2, 3.3 and 4, written another way than the decoder. */
static bool is_base64(const uint8_t *text, size_t n)
{
    size_t letters = 0;
    while (letters < n && is_alphabet(text[letters]))
        letters++;
    const size_t padding = n - letters;
    for (size_t i = letters; i < n; i++) {
        if (text[i] != '=')
            return false;
    }
    return n % 4 == 0 && padding <= 2 && (n == 0 || letters > 0);
}

static void check_encoding(const uint8_t *bytes, size_t n)
{
    struct ph__buffer text;
    struct ph__buffer back;
    ph__buffer_init(&text, ph__allocator_or_default(NULL), room);
    ph__buffer_init_secret(&back, ph__allocator_or_default(NULL), room);
    REQUIRE(ph__base64_encode(&text, bytes, n) == PH_OK);
    REQUIRE(text.length == (n + 2) / 3 * 4);
    REQUIRE(is_base64(text.bytes, text.length));
    REQUIRE(ph__base64_decode(&back, (const char *)text.bytes, text.length) == PH_OK);
    REQUIRE(back.length == n && (n == 0 || memcmp(back.bytes, bytes, n) == 0));
    ph__buffer_release(&text);
    ph__buffer_release(&back);
}

static void check_decoding(const uint8_t *text, size_t n)
{
    struct ph__buffer out;
    ph__buffer_init(&out, ph__allocator_or_default(NULL), room);
    const int status = ph__base64_decode(&out, (const char *)text, n);
    REQUIRE(status == (is_base64(text, n) ? PH_OK : PH_ERR_PROTOCOL));
    REQUIRE(status == PH_OK || out.length == 0);
    REQUIRE(out.length <= n / 4 * 3);
    ph__buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *input = fuzz_exact(data, size);
    check_encoding(input, size);
    check_decoding(input, size);
    free(input);
    return 0;
}
