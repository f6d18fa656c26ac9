/* SPDX-License-Identifier: MIT */
#include "json_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/printable.h"
#include "cli/suggestion.h"
#include "source.h"

/* ---- What is wrong --------------------------------------------------------------------------- */

bool json_reader_refuse(struct json_reader *reader, const char *what, const char *name,
                        const char *advice)
{
    char *shown = printable(name);
    (void)problem_set(reader->problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0,
                      "%.200s, line %zu: %s%.80s%.200s; nothing from there on was sent",
                      reader->source_name, reader->number, what, shown ? shown : "?", advice);
    free(shown);
    return false;
}

bool json_reader_no_memory(struct json_reader *reader)
{
    (void)source_out_of_memory(reader->problem);
    return false;
}

static bool check_names(struct json_reader *reader, json_t *object, const char *const *allowed)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        struct suggestion suggestion = suggestion_for(name);
        size_t i = 0;
        for (; allowed[i] && strcmp(allowed[i], name) != 0; i++)
            suggestion_consider(&suggestion, allowed[i]);
        if (allowed[i])
            continue;
        char advice[100] = "\" is not known";
        if (suggestion.nearest)
            (void)snprintf(advice, sizeof advice, "\" is not known (did you mean \"%s\"?)",
                           suggestion.nearest);
        return json_reader_refuse(reader, "the field \"", name, advice);
    }
    return true;
}

/* ---- Addresses and parameters ---------------------------------------------------------------- */

/* Writes a parameter's value as it is sent. @return whether it can be one; NULL: it has none */
static bool parameter_value(const json_t *value, char number[32], const char **text)
{
    *text = NULL;
    if (json_is_string(value)) {
        *text = json_string_value(value);
    } else if (json_is_integer(value)) {
        (void)snprintf(number, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        *text = number;
    }
    return *text || json_is_true(value) || json_is_null(value);
}

static bool add_parameters(struct json_reader *reader, ph_address *address, json_t *parameters)
{
    const char *name;
    json_t *value;
    if (!parameters)
        return true;
    if (!json_is_object(parameters))
        return json_reader_refuse(
            reader, "the field \"parameters\" must be an object such as {\"RET\": \"HDRS\"}", "",
            "");
    json_object_foreach(parameters, name, value)
    {
        char number[32];
        const char *text;
        const int status = parameter_value(value, number, &text)
                               ? ph_address_add_parameter(address, name, text)
                               : PH_ERR_ARGUMENT;
        if (status == PH_ERR_NO_MEMORY)
            return json_reader_no_memory(reader);
        if (status != PH_OK)
            return json_reader_refuse(
                reader, "the field \"parameters\": \"", name,
                "\" is no parameter, or its value cannot be sent; see RFC 5321 section "
                "4.1.2");
    }
    return true;
}

/* Adds an address, or sets the sender. One that is none refuses the message, not the line. */
static bool take_address(struct json_reader *reader, struct item *item, const char *mailbox,
                         json_t *parameters, bool is_sender)
{
    ph_address *address;
    int status =
        !is_sender && *mailbox == '\0' ? PH_ERR_ARGUMENT : ph_address_new(mailbox, NULL, &address);
    if (status == PH_ERR_ARGUMENT) {
        const bool is_told = is_sender ? item_set_sender(item, mailbox, "from")
                                       : item_add_recipient(item, mailbox, "to");
        return is_told || json_reader_no_memory(reader);
    }
    if (status != PH_OK)
        return json_reader_no_memory(reader);
    const bool is_whole = add_parameters(reader, address, parameters);
    if (is_whole)
        status = is_sender ? ph_message_set_from_address(item->message, address)
                           : ph_message_add_recipient_address(item->message, address);
    ph_address_free(address);
    return is_whole && (status == PH_OK || json_reader_no_memory(reader));
}

static bool take_sender(struct json_reader *reader, struct item *item, json_t *object)
{
    json_t *from = json_object_get(object, "from");
    const char *mailbox = from ? json_string_value(from) : reader->envelope->from;
    if (from && !mailbox)
        return json_reader_refuse(reader, "the field \"from\" must be a string", "", "");
    if (!mailbox)
        return json_reader_refuse(reader, "the field \"from\" is missing", "",
                                  "; --from gives a sender to all");
    return take_address(reader, item, mailbox, json_object_get(object, "parameters"), true);
}

static bool take_recipient(struct json_reader *reader, struct item *item, json_t *to)
{
    static const char *const names[] = {"address", "parameters", NULL};
    if (json_is_string(to))
        return take_address(reader, item, json_string_value(to), NULL, false);
    const char *mailbox = json_string_value(json_object_get(to, "address"));
    if (!mailbox)
        return json_reader_refuse(
            reader,
            "the field \"to\" must be an address, {\"address\": ..., \"parameters\": "
            "{...}}, or an array of these",
            "", "");
    return check_names(reader, to, names) &&
           take_address(reader, item, mailbox, json_object_get(to, "parameters"), false);
}

static bool take_recipients(struct json_reader *reader, struct item *item, json_t *object)
{
    const struct option_texts *given = &reader->envelope->to;
    json_t *to = json_object_get(object, "to");
    if (!to && given->count == 0)
        return json_reader_refuse(reader, "the field \"to\" is missing", "",
                                  "; --to gives recipients to all");
    for (size_t i = 0; !to && i < given->count; i++) {
        if (!take_address(reader, item, given->items[i], NULL, false))
            return false;
    }
    if (!json_is_array(to))
        return !to || take_recipient(reader, item, to);
    if (json_array_size(to) == 0)
        return json_reader_refuse(reader, "the field \"to\" is empty", "", "");
    for (size_t i = 0; i < json_array_size(to); i++) {
        if (!take_recipient(reader, item, json_array_get(to, i)))
            return false;
    }
    return true;
}

/* ---- Content --------------------------------------------------------------------------------- */

static bool take_path(struct json_reader *reader, struct item *item, const char *path)
{
    bool is_all = false;
    struct content *content = &item->content;
    content->path = strdup(path);
    int failure = content->path ? content_open(content) : ENOMEM;
    if (failure == 0)
        failure = content_read_head(content, &reader->head, &is_all);
    if (failure == 0 && is_all && !content_keep(content, &reader->head))
        failure = ENOMEM;
    content_rewind(content);
    if (failure == 0)
        return true;
    return (failure != ENOMEM &&
            item_refuse(item, PH_ERR_SOURCE, PH_PHASE_NONE, failure, "cannot read %.300s", path)) ||
           json_reader_no_memory(reader);
}

static bool take_content(struct json_reader *reader, struct item *item, json_t *object)
{
    const json_t *body = json_object_get(object, "body");
    const json_t *path = json_object_get(object, "path");
    if (!body == !path)
        return json_reader_refuse(reader,
                                  "either the field \"body\" or the field \"path\" must be there",
                                  "", body ? ", not both" : "");
    if (!json_is_string(body ? body : path))
        return json_reader_refuse(reader, "the field \"", body ? "body" : "path",
                                  "\" must be a string");
    if (path)
        return take_path(reader, item, json_string_value(path));
    item->content.is_in_memory = true;
    return bytes_append(&item->content.memory, json_string_value(body), json_string_length(body)) ||
           json_reader_no_memory(reader);
}

/* ---- The whole --------------------------------------------------------------------------------
 */

bool json_reader_fill(struct json_reader *reader, struct item *item, json_t *object)
{
    static const char *const names[] = {"from", "to", "parameters", "body", "path", NULL};
    if (!json_is_object(object))
        return json_reader_refuse(
            reader, "it is no object such as {\"from\": ..., \"to\": ..., \"body\": ...}", "", "");
    return check_names(reader, object, names) &&
           (item_make_message(item, reader->envelope) == PH_OK || json_reader_no_memory(reader)) &&
           take_sender(reader, item, object) && take_recipients(reader, item, object) &&
           take_content(reader, item, object);
}
