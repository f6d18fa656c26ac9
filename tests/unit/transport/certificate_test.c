/* SPDX-License-Identifier: MIT */
#include "transport/certificate.h"

#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "base/allocator.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"
#include "unit/transport/made_certificate.h"

/* ---- Subject and issuer ---------------------------------------------------------------------- */

static void add_entry(X509 *x509, const char *field, int type, const char *bytes, int n)
{
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), field, type,
                                                (const unsigned char *)bytes, n, -1, 0),
                     1);
}

/* The subject of CN=mx and one more field, which RFC 2253 puts in front. */
static void check_subject(const char *note, int type, const char *organization, int n,
                          const char *expected)
{
    struct test_allocator test;
    struct made_certificate made;
    test_allocator_init(&test);
    made_certificate_init(&made, "mx", NULL);
    add_entry(made.x509, "O", type, organization, n);
    made_certificate_sign(&made);
    char *subject = ph__certificate_subject(&test.allocator, made.x509);
    char *issuer = ph__certificate_issuer(&test.allocator, made.x509);
    if (!subject || strcmp(subject, expected) != 0)
        fail_msg("%s: %s", note, subject ? subject : "NULL");
    CHECK(issuer && strcmp(issuer, expected) == 0, note);
    ph__release(&test.allocator, subject);
    ph__release(&test.allocator, issuer);
    CHECK(test.live_blocks == 0, note);
    made_certificate_release(&made);
}

static void subject__is_text_of_rfc_2253_that_can_be_shown(void **state)
{
    (void)state;
    check_subject("plain", MBSTRING_ASC, "Example", -1, "O=Example,CN=mx");
    check_subject("UTF-8", MBSTRING_UTF8, "M\xc3\xbcller", -1, "O=M\xc3\xbcller,CN=mx");
    check_subject("Latin-1", V_ASN1_T61STRING, "M\xfcller", -1, "O=M\xc3\xbcller,CN=mx");
    check_subject("UTF-16", V_ASN1_BMPSTRING, "\0M\0\xfc", 4, "O=M\xc3\xbc,CN=mx");
    check_subject("a comma", MBSTRING_ASC, "Example, Inc.", -1, "O=Example\\, Inc.,CN=mx");
    check_subject("a backslash", MBSTRING_ASC, "a\\b", -1, "O=a\\\\b,CN=mx");
    check_subject("line ends", MBSTRING_ASC, "a\r\nb", -1, "O=a\\0D\\0Ab,CN=mx");
    check_subject("NUL", V_ASN1_UTF8STRING, "a\0b", 3, "O=a\\00b,CN=mx");
    check_subject("escape sequence", MBSTRING_ASC, "\x1b[2J", -1, "O=\\1B[2J,CN=mx");
    check_subject("C1", MBSTRING_UTF8,
                  "a\xc2\x9b"
                  "2J",
                  -1, "O=a\\xc2\\x9b2J,CN=mx");
}

static void subject__without_fields_is_empty(void **state)
{
    (void)state;
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    X509 *x509 = X509_new();
    char *subject = ph__certificate_subject(allocator, x509);
    assert_string_equal(subject, "");
    ph__release(allocator, subject);
    X509_free(x509);
}

static void subject__that_is_endless_is_cut(void **state)
{
    (void)state;
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    static char many[64];
    struct made_certificate made;
    made_certificate_init(&made, "mx", NULL);
    memset(many, ',', sizeof many); /* two characters each, once escaped */
    for (size_t i = 0; i < 50; i++)
        add_entry(made.x509, "O", MBSTRING_ASC, many, sizeof many);
    char *subject = ph__certificate_subject(allocator, made.x509);
    assert_in_range(strlen(subject), 2000, 2048);
    assert_memory_equal(subject, "O=\\,\\,", 6);
    ph__release(allocator, subject);
    made_certificate_release(&made);
}

/* ---- Names ----------------------------------------------------------------------------------- */

static void check_names_of(const char *note, const X509 *x509, const char *expected)
{
    struct test_allocator test;
    test_allocator_init(&test);
    char *names = ph__certificate_names(&test.allocator, x509);
    if (!names || strcmp(names, expected) != 0)
        fail_msg("%s: %s", note, names ? names : "NULL");
    ph__release(&test.allocator, names);
    CHECK(test.live_blocks == 0, note);
}

static void names__are_dns_names_and_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *alternatives, *expected;
    } rows[] = {
        {NULL, ""}, /* the common name, mx, is none (RFC 9525 section 2) */
        {"DNS:localhost", "localhost"},
        {"DNS:b.example,DNS:a.example", "b.example, a.example"},
        {"DNS:*.mail.example", "*.mail.example"},
        {"IP:192.0.2.1", "192.0.2.1"},
        {"IP:2001:db8:0:0:0:0:0:1", "2001:db8::1"},
        {"DNS:mx,IP:::1,IP:127.0.0.1", "mx, ::1, 127.0.0.1"},
        {"email:a@example.org", ""},
        {"URI:https://example.org/,DNS:mx,RID:1.2.3.4", "mx"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct made_certificate made;
        made_certificate_init(&made, "mx", rows[i].alternatives);
        check_names_of(rows[i].alternatives ? rows[i].alternatives : "no names", made.x509,
                       rows[i].expected);
        made_certificate_release(&made);
    }
}

static void push_name(GENERAL_NAMES *all, int type, const void *bytes, size_t n)
{
    ASN1_STRING *text =
        ASN1_STRING_type_new(type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
    GENERAL_NAME *name = GENERAL_NAME_new();
    assert_int_equal(ASN1_STRING_set(text, bytes, (int)n), 1);
    GENERAL_NAME_set0_value(name, type, text);
    assert_true(sk_GENERAL_NAME_push(all, name) > 0);
}

static void check_raw_name(const char *note, int type, const char *bytes, size_t n,
                           const char *expected)
{
    struct made_certificate made;
    GENERAL_NAMES *all = GENERAL_NAMES_new();
    made_certificate_init(&made, "mx", NULL);
    push_name(all, type, bytes, n);
    push_name(all, GEN_DNS, "b", 1);
    assert_int_equal(X509_add1_ext_i2d(made.x509, NID_subject_alt_name, all, 0, 0), 1);
    GENERAL_NAMES_free(all);
    check_names_of(note, made.x509, expected);
    made_certificate_release(&made);
}

static void names__that_are_hostile_can_be_shown(void **state)
{
    (void)state;
    check_raw_name("NUL", GEN_DNS, "a\0.evil", 7, "a\\x00.evil, b");
    check_raw_name("line ends", GEN_DNS, "a\r\nb", 4, "a\\r\\nb, b");
    check_raw_name("backslash", GEN_DNS, "a\\b", 3, "a\\\\b, b");
    check_raw_name("escape sequence", GEN_DNS, "\x1b[2J", 4, "\\x1b[2J, b");
    check_raw_name("no UTF-8", GEN_DNS, "m\xfc", 2, "m\\xfc, b");
    check_raw_name("C1", GEN_DNS, "\xc2\x9b", 2, "\\xc2\\x9b, b");
    check_raw_name("an address of five bytes", GEN_IPADD, "\x7f\0\0\1\1", 5, "b");
    check_raw_name("an address of none", GEN_IPADD, "", 0, "b");
}

static void names__beyond_the_limit_are_left_out_whole(void **state)
{
    (void)state;
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    struct made_certificate made;
    GENERAL_NAMES *all = GENERAL_NAMES_new();
    char name[101];
    made_certificate_init(&made, "mx", NULL);
    memset(name, 'n', sizeof name);
    for (size_t i = 0; i < 200; i++)
        push_name(all, GEN_DNS, name, 98); /* 100 with ", " */
    assert_int_equal(X509_add1_ext_i2d(made.x509, NID_subject_alt_name, all, 0, 0), 1);
    GENERAL_NAMES_free(all);
    char *names = ph__certificate_names(allocator, made.x509);
    const size_t length = strlen(names);
    assert_int_equal(length % 100, 98);
    assert_in_range(length, 8000, 8192);
    assert_int_equal(names[length - 1], 'n');
    ph__release(allocator, names);
    made_certificate_release(&made);
}

/* ---- The rest -------------------------------------------------------------------------------- */

static void sha256__is_of_the_whole_certificate(void **state)
{
    (void)state;
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    struct made_certificate made;
    unsigned char *der = NULL;
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char expected[2 * SHA256_DIGEST_LENGTH + 1];
    made_certificate_init(&made, "mx", NULL);
    made_certificate_sign(&made);
    const int n = i2d_X509(made.x509, &der);
    assert_true(n > 0);
    (void)SHA256(der, (size_t)n, digest);
    OPENSSL_free(der);
    for (size_t i = 0; i < sizeof digest; i++)
        (void)snprintf(expected + 2 * i, 3, "%02x", digest[i]);
    char *text = ph__certificate_sha256(allocator, made.x509);
    assert_string_equal(text, expected);
    ph__release(allocator, text);
    made_certificate_release(&made);
}

static void time__is_seconds_since_1970(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"19700101000000Z", 0},          {"19691231235959Z", -1},
        {"20200229120000Z", 1582977600}, {"20380119031408Z", 2147483648},
        {"20900101000000Z", 3786912000}, {"99991231235959Z", 253402300799},
        {"200229120000Z", 1582977600}, /* UTCTime */
        {"500101000000Z", -631152000}, /* the oldest that UTCTime can say */
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        ASN1_TIME *time = ASN1_TIME_new();
        assert_int_equal(ASN1_TIME_set_string(time, rows[i].text), 1);
        CHECK(ph__certificate_time(time) == rows[i].seconds, rows[i].text);
        ASN1_TIME_free(time);
    }
}

typedef char *read_fn(const ph_allocator *allocator, const X509 *certificate);

static void text__without_memory_is_null_and_leaks_nothing(void **state)
{
    (void)state;
    static read_fn *const readers[] = {ph__certificate_subject, ph__certificate_issuer,
                                       ph__certificate_names, ph__certificate_sha256};
    struct made_certificate made;
    made_certificate_init(&made, "mx", "DNS:a.example,DNS:b.example");
    made_certificate_sign(&made);
    for (size_t i = 0; i < ROWS(readers); i++) {
        bool has_failed = true;
        for (int at = 0; has_failed; at++) {
            struct test_allocator test;
            test_allocator_init_failing(&test, at);
            char *text = readers[i](&test.allocator, made.x509);
            has_failed = test.has_failed;
            assert_true((text == NULL) == has_failed);
            ph__release(&test.allocator, text);
            assert_int_equal(test.live_blocks, 0);
        }
    }
    made_certificate_release(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subject__is_text_of_rfc_2253_that_can_be_shown),
        cmocka_unit_test(subject__without_fields_is_empty),
        cmocka_unit_test(subject__that_is_endless_is_cut),
        cmocka_unit_test(names__are_dns_names_and_addresses),
        cmocka_unit_test(names__that_are_hostile_can_be_shown),
        cmocka_unit_test(names__beyond_the_limit_are_left_out_whole),
        cmocka_unit_test(sha256__is_of_the_whole_certificate),
        cmocka_unit_test(time__is_seconds_since_1970),
        cmocka_unit_test(text__without_memory_is_null_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
