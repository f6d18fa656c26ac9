/* SPDX-License-Identifier: MIT */
/* Capabilities: each line of the input is a line of a reply to EHLO, behind its code. */
#include "protocol/capabilities.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "base/ascii.h"
#include "fuzz/fuzz.h"
#include "protocol/reply.h"

/* Makes the reply. @return it is one */
static bool make_reply(struct ph__reply_buffer *reply, const uint8_t *data, size_t size)
{
    static const struct ph__reply_limits limits = {
        ph__reply_line_max_default, ph__reply_lines_max_default, ph__reply_total_max_default};
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    struct ph__reply_parser parser;
    struct fuzz_line line;
    enum ph__parse outcome = PH__PARSE_NEED_MORE;
    size_t used;
    ph__reply_init(reply, allocator, limits.total_max);
    ph__reply_parser_init(&parser, allocator, &limits);
    while (outcome == PH__PARSE_NEED_MORE && fuzz_next_line(&data, &size, &line)) {
        (void)ph__reply_parse(&parser, (const uint8_t *)(size > 0 ? "250-" : "250 "), 4, reply,
                              &used);
        outcome = ph__reply_parse(&parser, line.bytes, line.n, reply, &used);
        if (outcome == PH__PARSE_NEED_MORE)
            outcome = ph__reply_parse(&parser, (const uint8_t *)"\r\n", 2, reply, &used);
    }
    ph__reply_parser_release(&parser);
    return outcome == PH__PARSE_CONSUMED;
}

static void check_word(const char *word)
{
    REQUIRE(*word != '\0' && !strpbrk(word, " \t"));
}

static void check_keyword(const ph_capabilities *capabilities, size_t index)
{
    const char *keyword = ph_capabilities_keyword(capabilities, index);
    check_word(keyword);
    REQUIRE(ph_capabilities_has(capabilities, keyword));
    const char *parameters = ph_capabilities_parameters(capabilities, keyword);
    REQUIRE(parameters && *parameters != ' ' && !strstr(parameters, "  ") &&
            !strchr(parameters, '\t'));
    REQUIRE(*parameters == '\0' || parameters[strlen(parameters) - 1] != ' ');
    char *other = fuzz_string(keyword, strlen(keyword)); /* in the other case */
    for (char *c = other; *c != '\0'; c++)
        *c = (char)(islower((unsigned char)*c) ? toupper((unsigned char)*c)
                                               : tolower((unsigned char)*c));
    REQUIRE(ph_capabilities_parameters(capabilities, other) == parameters);
    free(other);
    for (size_t i = 0; i < index; i++)
        REQUIRE(!ph__ascii_equal(keyword, ph_capabilities_keyword(capabilities, i)));
}

static void check_mechanism(const ph_capabilities *capabilities, size_t index)
{
    const char *name = ph_capabilities_auth(capabilities, index);
    check_word(name);
    REQUIRE(ph_capabilities_has_auth(capabilities, name));
    const char *parameters = ph_capabilities_parameters(capabilities, "AUTH");
    REQUIRE(parameters ? strstr(parameters, name) != NULL
                       : ph_capabilities_count(capabilities) == ph__capabilities_max);
    for (size_t i = 0; i < index; i++)
        REQUIRE(!ph__ascii_equal(name, ph_capabilities_auth(capabilities, i)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph__reply_buffer reply;
    if (make_reply(&reply, data, size)) {
        ph_capabilities *capabilities;
        REQUIRE(ph_reply_capabilities(ph__reply_in(&reply), &capabilities) == PH_OK);
        const size_t count = ph_capabilities_count(capabilities);
        const size_t auth_count = ph_capabilities_auth_count(capabilities);
        REQUIRE(count <= ph__capabilities_max && count < ph_reply_line_count(ph__reply_in(&reply)));
        REQUIRE(auth_count <= ph__auth_mechanisms_max);
        for (size_t i = 0; i < count; i++)
            check_keyword(capabilities, i);
        for (size_t i = 0; i < auth_count; i++)
            check_mechanism(capabilities, i);
        REQUIRE(!ph_capabilities_keyword(capabilities, count));
        REQUIRE(!ph_capabilities_auth(capabilities, auth_count));
        ph_capabilities_free(capabilities);
    }
    ph__reply_release(&reply);
    return 0;
}
