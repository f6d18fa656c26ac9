/* SPDX-License-Identifier: MIT */
#include "header.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "address_list.h"

/* ---- Fields ---------------------------------------------------------------------------------- */

struct header header_of(const char *bytes, size_t n)
{
    return (struct header){.at = bytes, .end = bytes + n};
}

/* @return the byte behind the line's LF, or the end */
static const char *end_of_line(const char *at, const char *end)
{
    const char *lf = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    return lf ? lf + 1 : end;
}

static bool is_empty_line(const char *at, const char *end)
{
    return *at == '\n' || (end - at > 1 && at[0] == '\r' && at[1] == '\n');
}

static bool is_folded(const char *at, const char *end)
{
    return at < end && (*at == ' ' || *at == '\t');
}

static bool split_field(const char *line, const char *end, struct header_field *field)
{
    const char *colon = memchr(line, ':', (size_t)(end - line));
    if (!colon || colon == line)
        return false;
    const char *name_end = colon;
    while (name_end > line && (name_end[-1] == ' ' || name_end[-1] == '\t'))
        name_end--;
    *field = (struct header_field){.name = line,
                                   .name_length = (size_t)(name_end - line),
                                   .value = colon + 1,
                                   .value_length = (size_t)(end - colon - 1)};
    return true;
}

bool header_next(struct header *header, struct header_field *field)
{
    while (header->at < header->end && !is_empty_line(header->at, header->end)) {
        const char *line = header->at;
        const char *end = end_of_line(line, header->end);
        while (is_folded(end, header->end))
            end = end_of_line(end, header->end);
        header->at = end;
        if (split_field(line, end, field))
            return true;
    }
    return false;
}

bool header_is_whole(const char *bytes, size_t n, bool is_all)
{
    const char *end = bytes + n;
    for (const char *at = bytes; at < end; at = end_of_line(at, end)) {
        if (is_empty_line(at, end))
            return true;
    }
    return is_all;
}

static bool is_named(const struct header_field *field, const char *name)
{
    return field->name_length == strlen(name) &&
           strncasecmp(field->name, name, field->name_length) == 0;
}

static bool find_field(const char *bytes, size_t n, const char *name, struct header_field *field)
{
    struct header header = header_of(bytes, n);
    while (header_next(&header, field)) {
        if (is_named(field, name))
            return true;
    }
    return false;
}

/* ---- Envelope -------------------------------------------------------------------------------- */

static bool has_nul(const struct address_list *list)
{
    return strlen(list->address) != list->length;
}

/* The sender of a message that has no --from. Two authors need a Sender (RFC 5322 3.6.2). */
static bool take_sender(struct item *item, const char *bytes, size_t n)
{
    static const struct {
        const char *name, *told;
    } rows[] = {{"Return-Path", "the Return-Path field"},
                {"Sender", "the Sender field"},
                {"From", "the From field"}};
    struct header_field field;
    struct address_list list;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!find_field(bytes, n, rows[i].name, &field))
            continue;
        address_list_begin(&list, field.value, field.value_length);
        if (!address_list_next(&list))
            continue;
        if (has_nul(&list))
            break;
        return item_set_sender(item, list.address, rows[i].told);
    }
    return item_refuse(item, PH_ERR_ARGUMENT, PH_PHASE_MAIL, 0,
                       "its header has no Return-Path, Sender or From to take the sender from; "
                       "--from gives one");
}

static bool take_recipients_of(struct item *item, const struct header_field *field,
                               const char *told)
{
    struct address_list list;
    address_list_begin(&list, field->value, field->value_length);
    while (address_list_next(&list)) {
        const char *address = has_nul(&list) ? "" : list.address;
        if (!item_add_recipient(item, address, told))
            return false;
    }
    return true;
}

static bool take_recipients(struct item *item, const char *bytes, size_t n)
{
    struct header header = header_of(bytes, n);
    struct header_field field;
    while (header_next(&header, &field)) {
        const char *told = is_named(&field, "To")    ? "the To field"
                           : is_named(&field, "Cc")  ? "the Cc field"
                           : is_named(&field, "Bcc") ? "the Bcc field"
                                                     : NULL;
        if (told && !take_recipients_of(item, &field, told))
            return false;
    }
    if (ph_message_recipient_count(item->message) > 0)
        return true;
    return item_refuse(item, PH_ERR_ARGUMENT, PH_PHASE_RCPT, 0,
                       "its header has no address in To, Cc or Bcc; --to gives one");
}

bool sender_from_header(struct item *item, const char *bytes, size_t n,
                        const struct envelope_options *options)
{
    if (item_make_message(item, options) != PH_OK)
        return false;
    return options->from ? item_set_sender(item, options->from, "--from")
                         : take_sender(item, bytes, n);
}

bool envelope_from_header(struct item *item, const char *bytes, size_t n,
                          const struct envelope_options *options)
{
    if (!sender_from_header(item, bytes, n, options))
        return false;
    if (options->to.count == 0)
        return take_recipients(item, bytes, n);
    for (size_t i = 0; i < options->to.count; i++) {
        if (!item_add_recipient(item, options->to.items[i], "--to"))
            return false;
    }
    return true;
}

/* ---- Stored messages ------------------------------------------------------------------------- */

bool stored_message(struct item *item, struct bytes *head, const struct envelope_options *options)
{
    bool is_all = false;
    item->content.is_stored = true;
    int failure = content_open(&item->content);
    if (failure == 0)
        failure = content_read_head(&item->content, head, &is_all);
    if (failure == ENOMEM)
        return false;
    if (failure != 0)
        return item_refuse(item, PH_ERR_SOURCE, PH_PHASE_NONE, failure, "it cannot be read");
    if (!header_is_whole(head->data, head->length, is_all))
        return item_refuse(item, PH_ERR_SOURCE, PH_PHASE_NONE, 0,
                           "its header does not end within the first %d bytes", content_kept);
    if (!envelope_from_header(item, head->data, head->length, options))
        return false;
    if (is_all)
        return content_keep(&item->content, head);
    content_rewind(&item->content);
    return true;
}
