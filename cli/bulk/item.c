/* SPDX-License-Identifier: MIT */
#include "item.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/printable.h"

struct item *item_new(void)
{
    struct item *item = calloc(1, sizeof *item);
    if (item)
        item->content = content_none();
    return item;
}

void item_free(struct item *item)
{
    if (!item)
        return;
    ph_message_free(item->message);
    content_release(&item->content);
    told_release(&item->told);
    free(item->identity);
    free(item->where);
    free(item->fault);
    free(item);
}

bool item_refuse(struct item *item, ph_status status, ph_phase phase, int system_errno,
                 const char *format, ...)
{
    char text[400];
    va_list arguments;
    if (item->fault) /* the first one tells enough */
        return true;
    item->fault = malloc(sizeof *item->fault);
    if (!item->fault)
        return false;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)problem_set(item->fault, status, phase, system_errno, "%s", text);
    return true;
}

int item_make_message(struct item *item, const struct envelope_options *options)
{
    item->any_recipient = options->any_recipient;
    const int status = item->message ? PH_OK : ph_message_new(NULL, &item->message);
    if (status != PH_OK)
        return status;
    return ph_message_set_recipient_policy(item->message,
                                           options->any_recipient ? PH_RCPT_ANY : PH_RCPT_ALL);
}

static bool refuse_address(struct item *item, ph_phase phase, const char *mailbox,
                           const char *field)
{
    char *shown = printable(mailbox);
    if (!shown)
        return false;
    const bool is_told = item_refuse(item, PH_ERR_ARGUMENT, phase, 0,
                                     "%s: \"%.200s\" is not an address", field, shown);
    free(shown);
    return is_told;
}

bool item_add_recipient(struct item *item, const char *mailbox, const char *field)
{
    const int status = ph_message_add_recipient(item->message, mailbox);
    if (status == PH_ERR_ARGUMENT)
        return refuse_address(item, PH_PHASE_RCPT, mailbox, field);
    return status == PH_OK;
}

bool item_set_sender(struct item *item, const char *mailbox, const char *field)
{
    const int status = ph_message_set_from(item->message, mailbox);
    if (status == PH_ERR_ARGUMENT)
        return refuse_address(item, PH_PHASE_MAIL, mailbox, field);
    return status == PH_OK;
}

void item_remove_recipient(struct item *item, size_t index)
{
    if (ph_message_remove_recipient(item->message, index) != PH_OK)
        abort(); /* it refuses one that is not there, and nothing else */
}
