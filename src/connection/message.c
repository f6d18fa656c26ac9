/* SPDX-License-Identifier: MIT */
/* ph_message: an envelope and the source of its content. */
#include "connection/message.h"

#include "base/allocator.h"

int ph_message_new(const ph_allocator *allocator, ph_message **out)
{
    const ph_allocator *memory = ph__allocator_or_default(allocator);
    ph_message *message = *out = ph__allocate(memory, sizeof *message);
    if (!message)
        return PH_ERR_NO_MEMORY;
    message->allocator = *memory;
    ph__envelope_init(&message->envelope, &message->allocator);
    message->source = ph__source_memory(NULL, 0);
    return PH_OK;
}

void ph_message_free(ph_message *message)
{
    if (!message)
        return;
    const ph_allocator allocator = message->allocator;
    ph__envelope_release(&message->envelope);
    ph__release(&allocator, message);
}

int ph_message_set_from(ph_message *message, const char *mailbox)
{
    ph_address *from;
    const int status = ph_address_new(mailbox, &message->allocator, &from);
    if (status == PH_OK)
        ph__envelope_set_from(&message->envelope, from);
    return status;
}

int ph_message_set_from_address(ph_message *message, const ph_address *address)
{
    ph_address *from;
    const int status = ph_address_copy(address, &from);
    if (status == PH_OK)
        ph__envelope_set_from(&message->envelope, from);
    return status;
}

/* Takes the address over, whatever happens. */
static int add_recipient(ph_message *message, ph_address *address)
{
    int status = PH_ERR_ARGUMENT;
    if (*ph_address_mailbox(address) != '\0')
        status = ph__envelope_add_recipient(&message->envelope, address);
    if (status != PH_OK)
        ph_address_free(address);
    return status;
}

int ph_message_add_recipient(ph_message *message, const char *mailbox)
{
    ph_address *address;
    const int status = ph_address_new(mailbox, &message->allocator, &address);
    return status == PH_OK ? add_recipient(message, address) : status;
}

int ph_message_add_recipient_address(ph_message *message, const ph_address *address)
{
    ph_address *copy;
    const int status = ph_address_copy(address, &copy);
    return status == PH_OK ? add_recipient(message, copy) : status;
}

size_t ph_message_recipient_count(const ph_message *message)
{
    return message->envelope.recipient_count;
}

const char *ph_message_recipient_mailbox(const ph_message *message, size_t index)
{
    if (index >= message->envelope.recipient_count)
        return NULL;
    return ph_address_mailbox(message->envelope.recipients[index]);
}

int ph_message_remove_recipient(ph_message *message, size_t index)
{
    if (index >= message->envelope.recipient_count)
        return PH_ERR_ARGUMENT;
    ph__envelope_remove_recipient(&message->envelope, index);
    return PH_OK;
}

int ph_message_set_recipient_policy(ph_message *message, ph_recipient_policy policy)
{
    if (policy != PH_RCPT_ALL && policy != PH_RCPT_ANY)
        return PH_ERR_ARGUMENT;
    message->envelope.policy = policy;
    return PH_OK;
}

int ph_message_set_body_type(ph_message *message, ph_body_type type)
{
    if (type != PH_BODY_UNDECLARED && type != PH_BODY_7BIT && type != PH_BODY_8BITMIME)
        return PH_ERR_ARGUMENT;
    message->envelope.body_type = type;
    return PH_OK;
}

int ph_message_set_line_ends(ph_message *message, ph_line_ends line_ends)
{
    if (line_ends != PH_LINE_ENDS_ANY && line_ends != PH_LINE_ENDS_CRLF)
        return PH_ERR_ARGUMENT;
    message->envelope.line_ends = line_ends;
    return PH_OK;
}

int ph_message_set_smtputf8(ph_message *message, ph_smtputf8 smtputf8)
{
    if (smtputf8 != PH_SMTPUTF8_REQUIRED && smtputf8 != PH_SMTPUTF8_RAW)
        return PH_ERR_ARGUMENT;
    message->envelope.smtputf8 = smtputf8;
    return PH_OK;
}

int ph_message_set_content(ph_message *message, const void *bytes, size_t n)
{
    if (!bytes && n > 0)
        return PH_ERR_ARGUMENT;
    message->source = ph__source_memory(bytes, n);
    return PH_OK;
}

int ph_message_set_content_fd(ph_message *message, int fd)
{
    if (fd < 0)
        return PH_ERR_ARGUMENT;
    message->source = ph__source_fd(fd);
    return PH_OK;
}

int ph_message_set_content_file(ph_message *message, FILE *file)
{
    if (!file)
        return PH_ERR_ARGUMENT;
    message->source = ph__source_file(file);
    return PH_OK;
}

int ph_message_set_content_callback(ph_message *message, ph_read_fn read, void *user_data)
{
    if (!read)
        return PH_ERR_ARGUMENT;
    message->source = ph__source_callback(read, user_data);
    return PH_OK;
}

int ph_message_set_rewind(ph_message *message, ph_rewind_fn rewind)
{
    if (message->source.kind != PH__SOURCE_CALLBACK)
        return PH_ERR_STATE;
    message->source.rewind = rewind;
    return PH_OK;
}
