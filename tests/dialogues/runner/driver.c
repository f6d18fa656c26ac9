/* SPDX-License-Identifier: MIT */
/* What both drivers need. */
#include "dialogues/runner/driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static void must(int status)
{
    if (status == PH_OK)
        return;
    (void)fprintf(stderr, "a transcript asks for a message that cannot be made: %s\n",
                  ph_status_text(status));
    exit(2);
}

/* @return the address with KEY or KEY=VALUE parameters, comma between */
static ph_address *address_of(const char *mailbox, const char *parameters)
{
    ph_address *address;
    must(ph_address_new(mailbox, NULL, &address));
    char *copy = strdup(parameters ? parameters : "");
    for (char *parameter = strtok(copy, ","); parameter; parameter = strtok(NULL, ",")) {
        char *value = strchr(parameter, ':');
        if (value)
            *value++ = '\0';
        must(ph_address_add_parameter(address, parameter, value));
    }
    free(copy);
    return address;
}

static void add_recipients(ph_message *message, const char *list, const char *parameters)
{
    char *copy = strdup(list);
    char *rest = copy;
    for (char *mailbox = rest; mailbox && *mailbox != '\0'; mailbox = rest) {
        rest = strchr(mailbox, ',');
        if (rest)
            *rest++ = '\0';
        ph_address *address = address_of(mailbox, parameters);
        must(ph_message_add_recipient_address(message, address));
        ph_address_free(address);
    }
    free(copy);
}

/* to-count=N makes u0@example.org to uN-1@example.org */
static void add_counted(ph_message *message, long count)
{
    for (long i = 0; i < count; i++) {
        char mailbox[64];
        (void)snprintf(mailbox, sizeof mailbox, "u%ld@example.org", i);
        must(ph_message_add_recipient(message, mailbox));
    }
}

static void make_body(struct mail *mail, const struct words *words)
{
    const char *body = words_value(words, "body");
    const char *repeat = words_value(words, "repeat");
    const size_t n = body ? strlen(body) : 0;
    const size_t times = repeat ? strtoul(repeat, NULL, 10) : 1;
    mail->body = malloc(n * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(mail->body + i * n, body ? body : "", n);
    mail->body_length = n * times;
    for (size_t i = 0; i < mail->body_length; i++) {
        if (mail->body[i] == '\x01') /* words are strings: \x01 stands for NUL */
            mail->body[i] = '\0';
    }
}

void mail_make(struct mail *mail, const struct words *words)
{
    const char *from = words_value(words, "from");
    const char *to = words_value(words, "to");
    const char *count = words_value(words, "to-count");
    const char *type = words_value(words, "type");
    must(ph_message_new(NULL, &mail->message));
    ph_address *sender = address_of(from, words_value(words, "from-param"));
    must(ph_message_set_from_address(mail->message, sender));
    ph_address_free(sender);
    if (to)
        add_recipients(mail->message, to, words_value(words, "to-param"));
    if (count)
        add_counted(mail->message, strtol(count, NULL, 10));
    if (words_has(words, "any"))
        must(ph_message_set_recipient_policy(mail->message, PH_RCPT_ANY));
    if (words_has(words, "crlf"))
        must(ph_message_set_line_ends(mail->message, PH_LINE_ENDS_CRLF));
    if (words_has(words, "raw-utf8"))
        must(ph_message_set_smtputf8(mail->message, PH_SMTPUTF8_RAW));
    if (type)
        must(ph_message_set_body_type(mail->message,
                                      strcmp(type, "7bit") == 0 ? PH_BODY_7BIT : PH_BODY_8BITMIME));
    make_body(mail, words);
    must(ph_message_set_content(mail->message, mail->body, mail->body_length));
}

void mail_release(struct mail *mail)
{
    ph_message_free(mail->message);
    free(mail->body);
    *mail = (struct mail){.message = NULL};
}

int address_make(const struct words *words, const ph_allocator *allocator, ph_address **out)
{
    int status = ph_address_new(words->count > 1 ? words->word[1] : NULL, allocator, out);
    for (size_t i = 2; i < words->count && status == PH_OK; i++) {
        char *value = strchr(words->word[i], '=');
        if (value)
            *value++ = '\0';
        status = ph_address_add_parameter(*out, words->word[i], value);
    }
    return status;
}

void trace_append(ph_trace_kind kind, const char *line, void *user_data)
{
    static const char *const arrows[] = {"--", "<-", "->"};
    struct trace_text *trace = user_data;
    const size_t room = sizeof trace->text - trace->length;
    const int n = snprintf(trace->text + trace->length, room, "%s %s\n", arrows[kind], line);
    trace->length += n > 0 && (size_t)n < room ? (size_t)n : 0;
}

const char *tell_at(const struct dialogue *dialogue, const struct item *item, const char *format,
                    ...)
{
    static char text[8192];
    const int n = snprintf(text, sizeof text, "%s, line %d: ", dialogue->name, item->line);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text + n, sizeof text - (size_t)n, format, arguments);
    va_end(arguments);
    return text;
}

const char *shown(const void *bytes, size_t n)
{
    static char rooms[2][2000];
    static size_t next;
    char *room = rooms[next++ % 2];
    (void)ph__escape(room, sizeof rooms[0], bytes, n);
    return room;
}
