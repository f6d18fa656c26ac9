/* SPDX-License-Identifier: MIT */
/*
 * Mailboxes and parameters: whatever is accepted stays where it was put. The input's lines are a
 * mailbox, a keyword and a value; the command lines that they make are read by another parser.
 */
#include <stdlib.h>
#include <string.h>

#include <posthaste/error.h>

#include "base/allocator.h"
#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "protocol/address.h"
#include "protocol/command_line.h"
#include "protocol/mailbox.h"

/* Reads "<path>" with quoted strings anywhere. @return what follows the bracket that ends it */
static const char *end_of_path(const char *at)
{
    REQUIRE(*at == '<');
    bool is_quoted = false;
    for (at++; *at != '>' || is_quoted; at++) {
        REQUIRE((unsigned char)*at >= 0x20 && *at != 0x7f);
        REQUIRE(is_quoted || (*at != ' ' && *at != '<'));
        if (is_quoted && *at == '\\') {
            at++;
            REQUIRE((unsigned char)*at >= 0x20 && *at != 0x7f);
        } else if (*at == '"') {
            is_quoted = !is_quoted;
        }
    }
    return at + 1;
}

/* What follows a path is words of printable ASCII, one blank before each, and the line end. */
static void check_parameters(const char *at, size_t count)
{
    for (; *at == ' '; count--) {
        REQUIRE(count > 0);
        at++;
        REQUIRE(*at > ' ' && *at <= '~');
        while (*at > ' ' && *at <= '~')
            at++;
    }
    REQUIRE(count == 0);
    REQUIRE(strcmp(at, "\r\n") == 0);
}

static void check_lines(const ph_address *address)
{
    const struct ph__mail_extensions extensions = {.body = NULL, .smtputf8 = false};
    const size_t count = ph_address_parameter_count(address);
    struct ph__buffer out;
    ph__buffer_init(&out, ph__allocator_or_default(NULL), 64 * 1024);
    REQUIRE(ph__rcpt_line(&out, address) == PH_OK);
    REQUIRE(ph__buffer_append(&out, "", 1) == PH_OK);
    const char *line = (const char *)out.bytes;
    REQUIRE(strlen(line) + 1 == out.length);
    REQUIRE(strncmp(line, "RCPT TO:", 8) == 0);
    check_parameters(end_of_path(line + 8), count);

    ph__buffer_truncate(&out, 0);
    REQUIRE(ph__mail_line(&out, address, &extensions) == PH_OK);
    REQUIRE(ph__buffer_append(&out, "", 1) == PH_OK);
    line = (const char *)out.bytes;
    REQUIRE(strncmp(line, "MAIL FROM:", 10) == 0);
    check_parameters(end_of_path(line + 10), count);
    ph__buffer_release(&out);
}

static void check_copy(const ph_address *address)
{
    ph_address *copy;
    REQUIRE(ph_address_copy(address, &copy) == PH_OK);
    REQUIRE(strcmp(ph_address_mailbox(copy), ph_address_mailbox(address)) == 0);
    REQUIRE(ph_address_parameter_count(copy) == ph_address_parameter_count(address));
    REQUIRE(ph_address_needs_smtputf8(copy) == ph_address_needs_smtputf8(address));
    ph_address_free(copy);
}

static void check_xtext(const char *text)
{
    const size_t n = ph_xtext_encode(text, NULL, 0);
    char *encoded = malloc(n + 1);
    REQUIRE(encoded && ph_xtext_encode(text, encoded, n + 1) == n && strlen(encoded) == n);
    const char *back = encoded;
    for (; *text != '\0'; text++) {
        char hex[3] = "";
        if (*back == '+')
            memcpy(hex, back + 1, 2);
        const bool is_same =
            *back == '+' ? strtol(hex, NULL, 16) == (unsigned char)*text : *back == *text;
        REQUIRE(is_same && *back > ' ' && *back <= '~' && *back != '=');
        back += *back == '+' ? 3 : 1;
    }
    REQUIRE(*back == '\0');
    free(encoded);
}

static char *next_string(const uint8_t **data, size_t *size)
{
    struct fuzz_line line;
    return fuzz_next_line(data, size, &line) ? fuzz_string(line.bytes, line.n) : NULL;
}

/* The checker itself takes any bytes, in a block of exactly their size. */
static bool is_mailbox(const uint8_t *bytes, size_t n)
{
    uint8_t *exact = fuzz_exact(bytes, n);
    const bool found = !ph__mailbox_problem((const char *)exact, n);
    free(exact);
    REQUIRE(!found || (n > 0 && !memchr(bytes, '\0', n) && ph__utf8_is_valid(bytes, n)));
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)is_mailbox(data, size);
    char *mailbox = next_string(&data, &size);
    char *keyword = next_string(&data, &size);
    char *value = next_string(&data, &size);
    const size_t n = mailbox ? strlen(mailbox) : 0;
    const bool is_taken = mailbox && n <= PH_ADDRESS_MAX && is_mailbox((uint8_t *)mailbox, n);
    ph_address *address;
    const int status = ph_address_new(mailbox, NULL, &address);
    REQUIRE(status == PH_OK || status == PH_ERR_ARGUMENT);
    REQUIRE(status == PH_OK || !is_taken);
    if (status == PH_OK) {
        if (keyword)
            (void)!ph_address_add_parameter(address, keyword, NULL);
        if (keyword && value)
            (void)!ph_address_add_parameter(address, keyword, value);
        check_lines(address);
        check_copy(address);
        ph_address_free(address);
    }
    if (value)
        check_xtext(value);
    free(mailbox);
    free(keyword);
    free(value);
    return 0;
}
