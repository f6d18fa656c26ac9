/* SPDX-License-Identifier: MIT */
#include "told.h"

#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/printable.h"
#include "ends.h"

static const char *mailbox_of(const struct item *item, const struct ends *ends, size_t index)
{
    return ends->result ? ph_result_recipient_mailbox(ends->result, index)
                        : ph_message_recipient_mailbox(item->message, index);
}

/* What is still to be sent to a rest of its recipients names them, though it had no attempt. */
static size_t count_of(const struct item *item, const struct ends *ends)
{
    if (ends->result)
        return ph_result_recipient_count(ends->result);
    return item->is_part && item->message ? ph_message_recipient_count(item->message) : 0;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void add_to_array(struct told *told, const char *mailbox, const ph_result *result,
                         size_t index)
{
    /* What cannot be made is missing from the array: memory is short, and it says no more. */
    (void)json_array_append_new(told->recipients, json_recipient(mailbox, result, index));
}

static void note_reply(struct told *told, const ph_result *result)
{
    const ph_reply *reply = result ? ph_result_reply(result) : NULL;
    if (!reply)
        return;
    json_decref(told->reply);
    told->reply = json_reply(reply);
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static void append(struct bytes *lines, const char *text)
{
    if (text)
        (void)bytes_append(lines, text, strlen(text));
}

static void append_safely(struct bytes *lines, const char *text)
{
    char *safe = printable(text);
    append(lines, safe);
    free(safe);
}

static void append_reason(struct bytes *lines, const struct ends *ends, size_t index)
{
    const ph_reply *reply = ends->differ ? ph_result_recipient_reply(ends->result, index) : NULL;
    if (!reply) {
        append_safely(lines, ends->error ? ends->error->message : "no reply");
        return;
    }
    char *told = printable_reply(reply);
    append(lines, told);
    free(told);
}

static void add_line(struct item *item, const struct ends *ends, size_t index)
{
    struct bytes *lines = &item->told.lines;
    append_safely(lines, item->where);
    append(lines, ": sent, but not to ");
    append_safely(lines, mailbox_of(item, ends, index));
    append(lines, ": ");
    append_reason(lines, ends, index);
    append(lines, "\n");
}

/* ---------------------------------------------------------------------------------------------- */

void told_add(struct item *item, const struct ends *ends, bool json, bool is_last)
{
    struct told *told = &item->told;
    if (json && !told->recipients)
        told->recipients = json_array();
    if (json)
        note_reply(told, ends->result);
    for (size_t i = 0; i < count_of(item, ends); i++) {
        const enum known_state state = ends_of(ends, i);
        if (state == KNOWN_FAILED && !is_last)
            continue;
        if (json)
            add_to_array(told, mailbox_of(item, ends, i), ends->result, i);
        else if (state == KNOWN_FAILED || state == KNOWN_REFUSED)
            add_line(item, ends, i);
    }
}

void told_release(struct told *told)
{
    bytes_release(&told->lines);
    json_decref(told->recipients);
    json_decref(told->reply);
    *told = (struct told){.recipients = NULL};
}
