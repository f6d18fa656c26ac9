/* SPDX-License-Identifier: MIT */
#include "transport/tls_detect.h"

#include "unit/base/guarded.h"
#include "unit/base/test.h"

struct row {
    const char *note;
    const char *bytes;
    size_t n;
    bool is_tls;
    bool is_smtp;
};

/* clang-format off */
static const struct row rows[] = {
    {"nothing", "", 0, false, false},
    {"alert of TLS 1.0", "\x15\x03\x01", 3, true, false},
    {"alert of SSL 3", "\x15\x03\x00", 3, true, false},
    {"handshake of TLS 1.2", "\x16\x03\x03\x00\x7a", 5, true, false},
    {"handshake of TLS 1.3", "\x16\x03\x04", 3, true, false},
    {"two bytes of a record", "\x16\x03", 2, false, false},
    {"application data", "\x17\x03\x03", 3, false, false},
    {"a change of ciphers", "\x14\x03\x03", 3, false, false},
    {"another major version", "\x16\x02\x00", 3, false, false},
    {"a version to come", "\x16\x03\x05", 3, false, false},
    {"greeting", "220 mx", 6, false, true},
    {"greeting of more lines", "220-mx", 6, false, true},
    {"no more than needed", "554 ", 4, false, true},
    {"code alone", "220", 3, false, false},
    {"code and line end", "220\r\n", 5, false, false},
    {"four digits", "2200 x", 6, false, false},
    {"below 2yz", "199 x", 5, false, false},
    {"above 5yz", "600 x", 5, false, false},
    {"letter in the middle", "2a0 x", 5, false, false},
    {"letter at the end", "22a x", 5, false, false},
    {"other mail", "+OK POP3", 8, false, false},
    {"web", "HTTP/1.1 400", 12, false, false},
    {"bytes beyond ASCII", "\xb2\xb2\xb0 x", 5, false, false},
};
/* clang-format on */

static void first_bytes__tell_what_listens(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct guarded input;
        guarded_init(&input, rows[i].bytes, rows[i].n);
        CHECK(ph__looks_like_tls(input.bytes, input.n) == rows[i].is_tls, rows[i].note);
        CHECK(ph__looks_like_smtp(input.bytes, input.n) == rows[i].is_smtp, rows[i].note);
        guarded_release(&input);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_bytes__tell_what_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
