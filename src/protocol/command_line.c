/* SPDX-License-Identifier: MIT */
/* The one place where command lines are written. */
#include "protocol/command_line.h"

#include <string.h>

#include <posthaste/error.h>

#include "base/ascii.h"
#include "base/utf8.h"

/* Eight bytes at a time: every byte of every line is looked at. */
static bool has_control_byte(const uint8_t *bytes, size_t n)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = UINT64_C(0x8080808080808080);
    uint64_t found = 0;
    for (; n >= sizeof ones; bytes += sizeof ones, n -= sizeof ones) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        const uint64_t ascii = word & ~tops;
        const uint64_t low = ascii + ones * (0x80 - 0x20);            /* top bit: 0x20 and up */
        const uint64_t del = (ascii ^ (ones * 0x7f)) + (ones * 0x7f); /* top bit: not DEL */
        found |= ~(low & del) & ~word;
    }
    bool is_found = (found & tops) != 0;
    for (size_t i = 0; i < n; i++)
        is_found |= bytes[i] < 0x20 || bytes[i] == 0x7f;
    return is_found;
}

/* Ends a line that began at `start`, or takes it back. */
static int finish_line(struct ph__buffer *out, size_t start, int status)
{
    const size_t n = out->length - start;
    if (status == PH_OK && (n > ph__command_line_max || has_control_byte(out->bytes + start, n)))
        status = PH_ERR_ARGUMENT;
    if (status == PH_OK)
        status = ph__buffer_append(out, "\r\n", 2);
    if (status != PH_OK)
        ph__buffer_truncate(out, start);
    return status;
}

static int append_all(struct ph__buffer *out, const char *const *pieces)
{
    int status = PH_OK;
    for (; *pieces && status == PH_OK; pieces++)
        status = ph__buffer_append_string(out, *pieces);
    return status;
}

int ph__command_line(struct ph__buffer *out, const char *verb, const char *argument)
{
    const size_t start = out->length;
    const bool has_argument = argument && *argument != '\0';
    const char *pieces[] = {verb ? verb : "", verb && has_argument ? " " : "",
                            has_argument ? argument : "", NULL};
    return finish_line(out, start, append_all(out, pieces));
}

static int append_path(struct ph__buffer *out, const char *verb, const ph_address *address)
{
    const char *pieces[] = {verb, "<", address ? ph_address_mailbox(address) : "", ">", NULL};
    int status = append_all(out, pieces);
    const size_t count = address ? ph_address_parameter_count(address) : 0;
    for (size_t i = 0; i < count && status == PH_OK; i++) {
        const char *parameter[] = {" ", ph_address_parameter(address, i), NULL};
        status = append_all(out, parameter);
    }
    return status;
}

/* A caller may have given a parameter by hand that the session would add. */
static bool has_keyword(const ph_address *address, const char *keyword)
{
    const size_t count = address ? ph_address_parameter_count(address) : 0;
    const size_t n = strlen(keyword);
    for (size_t i = 0; i < count; i++) {
        const char *parameter = ph_address_parameter(address, i);
        if (ph__ascii_starts_with(parameter, keyword) &&
            (parameter[n] == '=' || parameter[n] == '\0'))
            return true;
    }
    return false;
}

int ph__mail_line(struct ph__buffer *out, const ph_address *from,
                  const struct ph__mail_extensions *extensions)
{
    const size_t start = out->length;
    int status = append_path(out, "MAIL FROM:", from);
    if (status == PH_OK && extensions->body && !has_keyword(from, "BODY")) {
        const char *body[] = {" BODY=", extensions->body, NULL};
        status = append_all(out, body);
    }
    if (status == PH_OK && extensions->smtputf8 && !has_keyword(from, "SMTPUTF8"))
        status = ph__buffer_append_string(out, " SMTPUTF8");
    return finish_line(out, start, status);
}

int ph__rcpt_line(struct ph__buffer *out, const ph_address *to)
{
    const size_t start = out->length;
    return finish_line(out, start, append_path(out, "RCPT TO:", to));
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t skip_blanks(const char *line, size_t n, size_t i)
{
    while (i < n && is_blank(line[i]))
        i++;
    return i;
}

static size_t skip_word(const char *line, size_t n, size_t i)
{
    while (i < n && !is_blank(line[i]))
        i++;
    return i;
}

/* Servers such as Postfix skip blanks before the verb. */
bool ph__is_auth_line(const char *line, size_t n)
{
    const size_t start = skip_blanks(line, n, 0);
    char verb[5] = "";
    const size_t length = skip_word(line, n, start) - start;
    if (length != 4)
        return false;
    memcpy(verb, line + start, length);
    return ph__ascii_equal(verb, "AUTH");
}

/* @return how much of a line may be shown: all, or for AUTH what comes before its argument */
static size_t shown_length(const char *line, size_t n)
{
    if (!ph__is_auth_line(line, n))
        return n;
    size_t i = skip_word(line, n, skip_blanks(line, n, 0));
    i = skip_word(line, n, skip_blanks(line, n, i));
    return i;
}

void ph__command_shown(char *out, size_t room, const void *line, size_t n)
{
    static const char redacted[] = " <redacted>";
    const char *text = line;
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    const size_t shown = shown_length(text, n);
    const size_t length = ph__escape(out, room, text, shown);
    if (shown < n && room - length >= sizeof redacted)
        memcpy(out + length, redacted, sizeof redacted);
}
