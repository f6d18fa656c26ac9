/* SPDX-License-Identifier: MIT */
/* What the sink was told to do otherwise. */
#include "sink/rules.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* @return what stands behind "COMMAND=" if the item is about the command, or NULL */
static const char *value_of(const char *item, const char *command)
{
    const size_t n = strlen(command);
    return strncasecmp(item, command, n) == 0 && item[n] == '=' ? item + n + 1 : NULL;
}

static const char *find_value(const struct ph_sink_list *list, const char *command)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *value = value_of(list->items[i], command);
        if (value)
            return value;
    }
    return NULL;
}

static bool contains(const struct ph_sink_list *list, const char *word)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcasecmp(list->items[i], word) == 0)
            return true;
    }
    return false;
}

static bool is_among(const char *const *names, size_t count, const char *word, size_t n)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == n && strncasecmp(names[i], word, n) == 0)
            return true;
    }
    return false;
}

static bool is_command(const char *word, size_t n)
{
    static const char *const commands[] = {"CONNECT", "EHLO", "HELO", "STARTTLS", "AUTH", "MAIL",
                                           "RCPT",    "DATA", "BODY", "BDAT",     "RSET", "NOOP",
                                           "VRFY",    "HELP", "QUIT", "EXPN"};
    return is_among(commands, sizeof commands / sizeof commands[0], word, n);
}

static bool is_extension(const char *word)
{
    static const char *const extensions[] = {"PIPELINING", "CHUNKING", "8BITMIME",
                                             "SMTPUTF8",   "DSN",      "ENHANCEDSTATUSCODES",
                                             "SIZE",       "STARTTLS", "AUTH"};
    return is_among(extensions, sizeof extensions / sizeof extensions[0], word, strlen(word));
}

static bool is_reply(const char *text)
{
    return text[0] >= '2' && text[0] <= '5' && isdigit((unsigned char)text[1]) &&
           isdigit((unsigned char)text[2]) && (text[3] == ' ' || text[3] == '-' || text[3] == '\0');
}

static bool is_number(const char *text)
{
    char *end;
    const unsigned long number = strtoul(text, &end, 10);
    return isdigit((unsigned char)*text) && *end == '\0' && number <= 3600000;
}

/* @return each item is COMMAND, or COMMAND=VALUE with a good value */
static bool check(const struct ph_sink_list *list, const char *option, const char *form,
                  bool (*is_value)(const char *), FILE *err)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *item = list->items[i];
        const size_t n = strcspn(item, "=");
        const bool has_value = item[n] == '=';
        if (is_command(item, n) && has_value == (is_value != NULL) &&
            (!is_value || is_value(item + n + 1)))
            continue;
        (void)fprintf(err,
                      "posthaste sink: --%s \"%s\": must be %s, where COMMAND is one of "
                      "%s\n",
                      option, item, form, PH_SINK_COMMANDS);
        return false;
    }
    return true;
}

static bool check_auth(const struct ph_sink_list *list, FILE *err)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *colon = strchr(list->items[i], ':');
        if (colon && colon > list->items[i] && colon[1] != '\0')
            continue;
        (void)fputs("posthaste sink: --auth must be USER:PASSWORD\n",
                    err); /* which may be a secret */
        return false;
    }
    return true;
}

static bool check_without(const struct ph_sink_list *list, FILE *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (is_extension(list->items[i]))
            continue;
        (void)fprintf(err,
                      "posthaste sink: --without \"%s\": there is no such extension; there are "
                      "PIPELINING, CHUNKING, 8BITMIME, SMTPUTF8, DSN, ENHANCEDSTATUSCODES, SIZE, "
                      "STARTTLS, AUTH\n",
                      list->items[i]);
        return false;
    }
    return true;
}

/* What was asked for, and can never happen. */
static bool check_together(const struct ph_sink_options *options, FILE *err)
{
    const bool has_tls = options->tls || sink_rules_offer(options, "STARTTLS");
    const char *problem = NULL;
    if (options->require_tls && !has_tls)
        problem = "--require-tls without STARTTLS or --tls: nobody could send";
    else if (options->cert_out && !has_tls)
        problem = "--cert-out without STARTTLS or --tls: there is no certificate";
    else if (options->require_auth && !sink_rules_offer(options, "AUTH"))
        problem = "--require-auth without --auth: nobody could send";
    if (problem)
        (void)fprintf(err, "posthaste sink: %s\n", problem);
    return problem == NULL;
}

bool sink_rules_check(const struct ph_sink_options *options, FILE *err)
{
    return check(&options->fail, "fail", "COMMAND=REPLY with REPLY such as \"550 5.7.1 no\"",
                 is_reply, err) &&
           check(&options->delay, "delay", "COMMAND=MILLISECONDS, at most 3600000", is_number,
                 err) &&
           check(&options->drop, "drop", "COMMAND", NULL, err) && check_auth(&options->auth, err) &&
           check_without(&options->without, err) && check_together(options, err);
}

const char *sink_rules_reply(const struct ph_sink_options *options, const char *command)
{
    return find_value(&options->fail, command);
}

bool sink_rules_refuse(const struct ph_sink_options *options, const char *command)
{
    const char *reply = sink_rules_reply(options, command);
    const char *success = "2";
    if (strcmp(command, "DATA") == 0)
        success = "354";
    else if (strcmp(command, "STARTTLS") == 0)
        success = "220";
    return reply && strncmp(reply, success, strlen(success)) != 0;
}

unsigned sink_rules_delay_ms(const struct ph_sink_options *options, const char *command)
{
    const char *value = find_value(&options->delay, command);
    return value ? (unsigned)strtoul(value, NULL, 10) : 0;
}

bool sink_rules_drop(const struct ph_sink_options *options, const char *command)
{
    return contains(&options->drop, command);
}

bool sink_rules_reject(const struct ph_sink_options *options, const char *mailbox)
{
    return contains(&options->reject, mailbox);
}

bool sink_rules_offer(const struct ph_sink_options *options, const char *extension)
{
    if (options->auth.count == 0 && strcmp(extension, "AUTH") == 0)
        return false;
    return !contains(&options->without, extension);
}
