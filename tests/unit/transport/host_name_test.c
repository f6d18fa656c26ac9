/* SPDX-License-Identifier: MIT */
#include "transport/host_name.h"

#include <string.h>

#include "base/allocator.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

struct row {
    const char *note;
    const char *host;
    const char *ascii; /* NULL: refused */
    const char *says;  /* in the sentence, if it is refused */
};

/* clang-format off */
static const struct row rows[] = {
    {"a domain", "mx.example.org", "mx.example.org", NULL},
    {"case stays", "MX.Example.ORG", "MX.Example.ORG", NULL},
    {"one label", "localhost", "localhost", NULL},
    {"a root dot", "mx.example.org.", "mx.example.org.", NULL},
    {"an A-label", "xn--mnchen-3ya.example", "xn--mnchen-3ya.example", NULL},
    {"an underscore, which some networks have", "my_host", "my_host", NULL},
    {"international", "m\xc3\xbcnchen.example", "xn--mnchen-3ya.example", NULL},
    {"international, capital", "M\xc3\x9cNCHEN.example", "xn--mnchen-3ya.example", NULL},
    {"international, decomposed", "mu\xcc\x88nchen.example", "xn--mnchen-3ya.example", NULL},
    {"sharp s stays itself", "stra\xc3\x9f""e.example", "xn--strae-oqa.example", NULL},
    {"Japanese", "\xe4\xbe\x8b\xe3\x81\x88.example", "xn--r8jz45g.example", NULL},
    {"ideographic full stop", "mx\xe3\x80\x82""example", "mx.example", NULL},
    {"IPv4", "192.0.2.1", "192.0.2.1", NULL},
    {"IPv4 in brackets", "[192.0.2.1]", "192.0.2.1", NULL},
    {"IPv6", "2001:db8::1", "2001:db8::1", NULL},
    {"IPv6 in brackets", "[2001:db8::1]", "2001:db8::1", NULL},
    {"IPv6 with zone", "fe80::1%lo", "fe80::1%lo", NULL},
    {"IPv6 with zone in brackets", "[fe80::1%lo]", "fe80::1%lo", NULL},
    {"Unix socket", "unix:/run/mail", "unix:/run/mail", NULL},
    {"Unix socket beyond ASCII", "unix:/tmp/\xc3\xbc", "unix:/tmp/\xc3\xbc", NULL},
    {"a name in brackets", "[mx.example.org]", NULL, "\"[mx.example.org]\" is no host name"},
    {"four numbers too large", "[1.2.3.256]", NULL, "brackets hold an IP address"},
    {"IPv4 with zone", "[127.0.0.1%lo]", NULL, "brackets hold an IP address"},
    {"a Unix socket in brackets", "[unix:/run/mail]", NULL, "brackets hold an IP address"},
    {"no UTF-8", "m\xfcnchen.example", NULL, "\"m\\xfcnchen.example\" is no host name"},
    {"hyphens where none may be", "\xc3\xbc""a--b.example", NULL, "is no host name"},
    {"a label that begins with a hyphen", "-\xc3\xbc.example", NULL, "hyphen"},
    {"an empty label", "\xc3\xbc..example", NULL, "is no host name"},
    {"a character that no name may have", "\xe2\x98\x83\xef\xbf\xbd.example", NULL, "is no host name"},
};
/* clang-format on */

static void check_row(const struct row *row)
{
    struct test_allocator test;
    test_allocator_init(&test);
    struct ph__error error;
    ph__error_init(&error, &test.allocator);
    char *ascii = NULL;
    const int status = ph__host_to_ascii(&test.allocator, row->host, &ascii, &error);
    CHECK(status == (row->ascii ? PH_OK : PH_ERR_ARGUMENT), row->note);
    CHECK((ascii != NULL) == (row->ascii != NULL), row->note);
    if (ascii && strcmp(ascii, row->ascii) != 0)
        fail_msg("%s: became \"%s\"", row->note, ascii);
    if (row->says && !strstr(error.view->message, row->says))
        fail_msg("%s: \"%s\" does not say \"%s\"", row->note, error.view->message, row->says);
    CHECK(!row->says || error.view->phase == PH_PHASE_RESOLVE, row->note);
    ph__release(&test.allocator, ascii);
    ph__error_release(&error);
    CHECK(test.live_blocks == 0, row->note);
}

static void to_ascii__each_form_of_a_host(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        check_row(&rows[i]);
}

static void to_ascii__a_label_beyond_63_bytes_is_refused_if_international(void **state)
{
    (void)state;
    char host[80] = "\xc3\xbc";
    memset(host + 2, 'a', 62);
    const struct row row = {"long label", host, NULL, "is no host name"};
    check_row(&row);
}

static void to_ascii__without_memory_is_told(void **state)
{
    (void)state;
    static const char *const hosts[] = {"mx.example.org", "[::1]", "m\xc3\xbcnchen.example"};
    for (size_t i = 0; i < ROWS(hosts); i++) {
        struct test_allocator test;
        test_allocator_init_failing(&test, 0);
        struct ph__error error;
        ph__error_init(&error, &test.allocator);
        char *ascii = NULL;
        CHECK(ph__host_to_ascii(&test.allocator, hosts[i], &ascii, &error) == PH_ERR_NO_MEMORY,
              hosts[i]);
        CHECK(ascii == NULL, hosts[i]);
        ph__error_release(&error);
        CHECK(test.live_blocks == 0, hosts[i]);
    }
}

static void kinds__are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool is_unix;
        bool is_ip;
    } kinds[] = {
        {"unix:/run/mail", true, false},
        {"unix:", true, false},
        {"unix", false, false},
        {"UNIX:/run/mail", false, false},
        {"127.0.0.1", false, true},
        {"127.1", false, false},
        {"0x7f.0.0.1", false, false},
        {"127.0.0.1.", false, false},
        {"127.0.0.1%lo", false, false},
        {"::", false, true},
        {"::ffff:192.0.2.1", false, true},
        {"fe80::1%eth0", false, true},
        {"fe80::1%a-very-long-name-of-a-zone-that-fills-more-than-an-address", false, true},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", false, false},
        {"[::1]", false, false},
        {"", false, false},
        {"%lo", false, false},
        {"mx.example.org", false, false},
    };
    for (size_t i = 0; i < ROWS(kinds); i++) {
        CHECK(ph__host_is_unix(kinds[i].host) == kinds[i].is_unix, kinds[i].host);
        CHECK(ph__host_is_ip(kinds[i].host) == kinds[i].is_ip, kinds[i].host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_ascii__each_form_of_a_host),
        cmocka_unit_test(to_ascii__a_label_beyond_63_bytes_is_refused_if_international),
        cmocka_unit_test(to_ascii__without_memory_is_told),
        cmocka_unit_test(kinds__are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
