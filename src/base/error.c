/* SPDX-License-Identifier: MIT */
/* The storage behind a ph_error, and the names of statuses, phases and outcomes. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/utf8.h"

struct ph__error_texts {
    struct ph__buffer long_reply;
    char message[ph__error_message_size];
    char command[ph__error_command_size];
    char reply[ph__error_reply_size];
    char enhanced[12];
};

const char *ph_status_name(int status)
{
    switch ((ph_status)status) {
#define STATUS_NAME(name, number, text)                                                            \
    case PH_##name:                                                                                \
        return #name;
        PH_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
    }
    return "?";
}

const char *ph_status_text(int status)
{
    switch ((ph_status)status) {
#define STATUS_TEXT(name, number, text)                                                            \
    case PH_##name:                                                                                \
        return text;
        PH_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "unknown status";
}

bool ph_status_may_pass(int status)
{
    switch ((ph_status)status) {
    case PH_ERR_NO_MEMORY:
    case PH_ERR_HOST_UNKNOWN: /* name servers are out of order more often than names vanish */
    case PH_ERR_OPEN_TIMEOUT:
    case PH_ERR_SERVER_BUSY:
    case PH_ERR_IO:
    case PH_ERR_CLOSED:
    case PH_ERR_READ_TIMEOUT:
    case PH_ERR_WRITE_TIMEOUT:
    case PH_ERR_TLS:
    case PH_ERR_PROTOCOL:
    case PH_ERR_BROKEN:
    case PH_ERR_FULL:
        return true;
    case PH_OK:
    case PH_ERR_ARGUMENT:
    case PH_ERR_STATE:
    case PH_ERR_CERTIFICATE:
    case PH_ERR_UNSUPPORTED:
    case PH_ERR_INSECURE:
    case PH_ERR_SYNTAX:
    case PH_ERR_AUTHENTICATION:
    case PH_ERR_FATAL:
    case PH_ERR_UNKNOWN:
    case PH_ERR_SOURCE:
    case PH_ERR_CONFIGURATION:
    case PH_ERR_CANCELLED:
        break;
    }
    return false;
}

const char *ph_phase_name(ph_phase phase)
{
    switch (phase) {
#define PHASE_NAME(name, number, text)                                                             \
    case PH_PHASE_##name:                                                                          \
        return text;
        PH_PHASE_MAP(PHASE_NAME)
#undef PHASE_NAME
    }
    return "?";
}

const char *ph_outcome_name(ph_outcome outcome)
{
    switch (outcome) {
    case PH_OUTCOME_NOT_SENT:
        return "not-sent";
    case PH_OUTCOME_SENT:
        return "sent";
    case PH_OUTCOME_UNKNOWN:
        return "unknown";
    }
    return "?";
}

void ph__error_init(struct ph__error *error, const ph_allocator *allocator)
{
    *error = (struct ph__error){.view = {.message = ""}, .allocator = allocator};
}

void ph__error_release(struct ph__error *error)
{
    if (error->texts)
        ph__buffer_release(&error->texts->long_reply);
    ph__release(error->allocator, error->texts);
    ph__error_init(error, error->allocator);
}

void ph__error_clear(struct ph__error *error)
{
    error->view = (ph_error){.status = PH_OK, .message = ""};
}

/* @return room for texts, or NULL */
static struct ph__error_texts *texts_of(struct ph__error *error)
{
    if (error->texts)
        return error->texts;
    error->texts = ph__allocate(error->allocator, sizeof *error->texts);
    if (error->texts)
        ph__buffer_init(&error->texts->long_reply, error->allocator, ph__error_reply_max);
    return error->texts;
}

/* vsnprintf cuts between bytes. */
static void drop_partial_character(char *text, size_t room)
{
    const size_t length = strlen(text);
    if (length + 1 == room)
        text[ph__utf8_whole_length((const uint8_t *)text, length)] = '\0';
}

int ph__error_vset(struct ph__error *error, ph_status status, ph_phase phase, const char *format,
                   va_list arguments)
{
    /* An argument may be the old sentence itself, so it is written before the old is cleared. */
    char message[ph__error_message_size];
    (void)vsnprintf(message, sizeof message, format, arguments);
    drop_partial_character(message, sizeof message);
    ph__error_clear(error);
    struct ph__error_texts *texts = texts_of(error);
    if (texts) /* not the whole room: behind the text is what the stack held before */
        memcpy(texts->message, message, strlen(message) + 1);
    error->view.message = texts ? texts->message : ph_status_text(status);
    error->view.status = status;
    error->view.phase = phase;
    return status;
}

int ph__error_set(struct ph__error *error, ph_status status, ph_phase phase, const char *format,
                  ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)ph__error_vset(error, status, phase, format, arguments);
    va_end(arguments);
    return status;
}

static void escape_long_reply(struct ph__error *error, const char *text)
{
    struct ph__buffer *long_reply = &error->texts->long_reply;
    const size_t n = strlen(text);
    const size_t room = n * 4 + 1; /* \xHH for each byte, and NUL */
    ph__buffer_truncate(long_reply, 0);
    if (ph__buffer_reserve(long_reply, room) != PH_OK)
        return;
    long_reply->length = (uint32_t)ph__escape((char *)long_reply->bytes, room, text, n);
    error->view.reply_text = (const char *)long_reply->bytes;
}

void ph__error_set_reply(struct ph__error *error, int code, const char *enhanced, const char *text)
{
    struct ph__error_texts *texts = texts_of(error);
    error->view.reply_code = code;
    error->view.enhanced_code = NULL;
    error->view.reply_text = NULL;
    if (!texts)
        return;
    (void)snprintf(texts->enhanced, sizeof texts->enhanced, "%s", enhanced ? enhanced : "");
    error->view.enhanced_code = enhanced ? texts->enhanced : NULL;
    (void)ph__escape(texts->reply, sizeof texts->reply, text, strlen(text));
    error->view.reply_text = texts->reply;
    if (strlen(text) * 4 >= sizeof texts->reply)
        escape_long_reply(error, text);
}

void ph__error_set_command(struct ph__error *error, const char *command)
{
    struct ph__error_texts *texts = texts_of(error);
    if (!texts)
        return;
    (void)ph__escape(texts->command, sizeof texts->command, command, strlen(command));
    error->view.command = texts->command;
}

void ph__error_add(struct ph__error *error, const char *format, ...)
{
    struct ph__error_texts *texts = error->texts;
    if (!texts || error->view.message != texts->message)
        return; /* the status' own sentence stands there */
    const size_t length = strlen(texts->message);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(texts->message + length, sizeof texts->message - length, format, arguments);
    va_end(arguments);
    drop_partial_character(texts->message, sizeof texts->message);
}

/* @return a text of the other record in room of this one; NULL stays NULL */
static const char *copy_text(char *to, size_t room, const char *from)
{
    if (!from)
        return NULL;
    (void)snprintf(to, room, "%s", from);
    return to;
}

static void copy_reply(struct ph__error *to, const char *reply)
{
    struct ph__error_texts *texts = to->texts;
    to->view.reply_text = copy_text(texts->reply, sizeof texts->reply, reply);
    if (!reply || strlen(reply) < sizeof texts->reply)
        return;
    drop_partial_character(texts->reply, sizeof texts->reply);
    ph__buffer_truncate(&texts->long_reply, 0);
    if (ph__buffer_append(&texts->long_reply, reply, strlen(reply) + 1) == PH_OK)
        to->view.reply_text = (const char *)texts->long_reply.bytes;
}

void ph__error_copy(struct ph__error *to, const struct ph__error *from)
{
    if (to == from)
        return;
    const bool is_set = ph__error_is_set(from);
    const bool has_text = is_set || from->view.reply_text || from->view.command;
    struct ph__error_texts *texts = has_text ? texts_of(to) : NULL;
    to->view = from->view;
    if (!texts) {
        to->view.message = is_set ? ph_status_text(from->view.status) : "";
        to->view.command = to->view.enhanced_code = to->view.reply_text = NULL;
        return;
    }
    to->view.message = copy_text(texts->message, sizeof texts->message, from->view.message);
    to->view.command = copy_text(texts->command, sizeof texts->command, from->view.command);
    to->view.enhanced_code =
        copy_text(texts->enhanced, sizeof texts->enhanced, from->view.enhanced_code);
    copy_reply(to, from->view.reply_text);
}
