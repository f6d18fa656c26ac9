/* SPDX-License-Identifier: MIT */
/* The parameters behind the path of MAIL and RCPT: a row each. */
#include "sink/parameters.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sink/rules.h"

enum {
    envid_max = 100 /* RFC 3461 section 4.4 */
};

/* ---- Values: n characters at text ------------------------------------------------------------ */

static bool is_word(const char *text, size_t n, const char *word)
{
    return strlen(word) == n && strncasecmp(text, word, n) == 0;
}

static bool is_size(const char *text, size_t n)
{
    size_t digits = 0;
    while (digits < n && isdigit((unsigned char)text[digits]))
        digits++;
    return n > 0 && n <= 20 && digits == n;
}

static bool is_body(const char *text, size_t n)
{
    return is_word(text, n, "7BIT") || is_word(text, n, "8BITMIME");
}

static bool is_ret(const char *text, size_t n)
{
    return is_word(text, n, "FULL") || is_word(text, n, "HDRS");
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

/* RFC 3461 section 4; beyond ASCII, RFC 6533 section 3. */
static bool is_xtext(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] <= ' ' || text[i] == '=')
            return false;
        if (text[i] == '+' && (i + 2 >= n || !is_hex(text[i + 1]) || !is_hex(text[i + 2])))
            return false;
    }
    return n > 0;
}

static bool is_envid(const char *text, size_t n)
{
    return n <= envid_max && is_xtext(text, n);
}

static bool is_orcpt(const char *text, size_t n)
{
    const char *end = memchr(text, ';', n);
    return end && end > text && is_xtext(end + 1, n - (size_t)(end + 1 - text));
}

/* NEVER, or a list of the others. */
static bool is_notify(const char *text, size_t n)
{
    if (is_word(text, n, "NEVER"))
        return true;
    for (size_t at = 0; at <= n;) {
        const char *comma = memchr(text + at, ',', n - at);
        const size_t length = comma ? (size_t)(comma - text) - at : n - at;
        if (!is_word(text + at, length, "SUCCESS") && !is_word(text + at, length, "FAILURE") &&
            !is_word(text + at, length, "DELAY"))
            return false;
        at += length + 1;
    }
    return true;
}

/* ---- The table ------------------------------------------------------------------------------- */

static const struct parameter {
    enum parameters_of command;
    const char *keyword;
    const char *extension;                        /* that it needs */
    bool (*is_value)(const char *text, size_t n); /* NULL: it has no value */
} known[] = {
    {PARAMETERS_OF_MAIL, "SIZE", "SIZE", is_size},
    {PARAMETERS_OF_MAIL, "BODY", "8BITMIME", is_body},
    {PARAMETERS_OF_MAIL, "SMTPUTF8", "SMTPUTF8", NULL},
    {PARAMETERS_OF_MAIL, "RET", "DSN", is_ret},
    {PARAMETERS_OF_MAIL, "ENVID", "DSN", is_envid},
    {PARAMETERS_OF_MAIL, "AUTH", "AUTH", is_xtext},
    {PARAMETERS_OF_RCPT, "NOTIFY", "DSN", is_notify},
    {PARAMETERS_OF_RCPT, "ORCPT", "DSN", is_orcpt},
};

static const struct parameter *find(enum parameters_of command, const char *keyword, size_t n)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].command == command && is_word(keyword, n, known[i].keyword))
            return &known[i];
    }
    return NULL;
}

/* What is wrong with the n characters of one parameter. */
static const char *problem_of(const struct ph_sink_options *options, enum parameters_of command,
                              const char *text, size_t n)
{
    const char *equals = memchr(text, '=', n);
    const size_t keyword_length = equals ? (size_t)(equals - text) : n;
    const char *value = equals ? equals + 1 : text + n;
    const size_t value_length = (size_t)(text + n - value);
    const struct parameter *parameter = find(command, text, keyword_length);
    if (!parameter || !sink_rules_offer(options, parameter->extension))
        return "555 5.5.4 parameter not known";
    if (parameter->is_value ? !equals || !parameter->is_value(value, value_length) : equals != NULL)
        return "501 5.5.4 parameter has no such value";
    if (sink_parameters_have(text + n, parameter->keyword))
        return "501 5.5.4 parameter is there twice";
    if (parameter->is_value == is_size && options->size > 0 &&
        strtoull(value, NULL, 10) > options->size)
        return "552 5.3.4 message would be too large";
    return NULL;
}

const char *sink_parameters_problem(const struct ph_sink_options *options,
                                    enum parameters_of command, const char *parameters)
{
    const char *problem = NULL;
    for (const char *at = parameters + strspn(parameters, " "); *at != '\0' && !problem;) {
        const size_t n = strcspn(at, " ");
        problem = problem_of(options, command, at, n);
        at += n + strspn(at + n, " ");
    }
    return problem;
}

bool sink_parameters_have(const char *parameters, const char *keyword)
{
    for (const char *at = parameters + strspn(parameters, " "); *at != '\0';) {
        if (is_word(at, strcspn(at, "= "), keyword))
            return true;
        const size_t n = strcspn(at, " ");
        at += n + strspn(at + n, " ");
    }
    return false;
}
