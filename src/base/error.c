/* SPDX-License-Identifier: MIT */
/* The storage behind a ph_error, and the names of statuses, phases and outcomes. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

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
    ph__buffer_init(&error->long_reply, allocator, ph__error_reply_max);
    ph__error_clear(error);
}

void ph__error_release(struct ph__error *error)
{
    ph__error_clear(error);
    ph__buffer_release(&error->long_reply);
}

void ph__error_clear(struct ph__error *error)
{
    ph__buffer_truncate(&error->long_reply, 0);
    error->view = (ph_error){.status = PH_OK};
    error->message[0] = '\0';
    error->command[0] = '\0';
    error->reply[0] = '\0';
    error->enhanced[0] = '\0';
    error->view.message = error->message;
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
    /* Not the whole room: behind the text is what the stack held before. */
    memcpy(error->message, message, strlen(message) + 1);
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
    const size_t n = strlen(text);
    const size_t room = n * 4 + 1; /* \xHH for each byte, and NUL */
    if (ph__buffer_reserve(&error->long_reply, room) != PH_OK)
        return;
    error->long_reply.length = ph__escape((char *)error->long_reply.bytes, room, text, n);
    error->view.reply_text = (const char *)error->long_reply.bytes;
}

void ph__error_set_reply(struct ph__error *error, int code, const char *enhanced, const char *text)
{
    error->view.reply_code = code;
    (void)snprintf(error->enhanced, sizeof error->enhanced, "%s", enhanced ? enhanced : "");
    error->view.enhanced_code = enhanced ? error->enhanced : NULL;
    ph__buffer_truncate(&error->long_reply, 0);
    (void)ph__escape(error->reply, sizeof error->reply, text, strlen(text));
    error->view.reply_text = error->reply;
    if (strlen(text) * 4 >= sizeof error->reply)
        escape_long_reply(error, text);
}

void ph__error_set_command(struct ph__error *error, const char *command)
{
    (void)ph__escape(error->command, sizeof error->command, command, strlen(command));
    error->view.command = error->command;
}

void ph__error_add(struct ph__error *error, const char *format, ...)
{
    const size_t length = strlen(error->message);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->message + length, sizeof error->message - length, format, arguments);
    va_end(arguments);
    drop_partial_character(error->message, sizeof error->message);
}

void ph__error_copy(struct ph__error *to, const struct ph__error *from)
{
    ph__error_clear(to);
    memcpy(to->message, from->message, sizeof to->message);
    memcpy(to->command, from->command, sizeof to->command);
    memcpy(to->reply, from->reply, sizeof to->reply);
    memcpy(to->enhanced, from->enhanced, sizeof to->enhanced);
    to->view = from->view;
    to->view.message = to->message;
    to->view.command = from->view.command ? to->command : NULL;
    to->view.enhanced_code = from->view.enhanced_code ? to->enhanced : NULL;
    to->view.reply_text = from->view.reply_text ? to->reply : NULL;
    const struct ph__buffer *text = &from->long_reply;
    if (text->length > 0 &&
        ph__buffer_append(&to->long_reply, text->bytes, text->length + 1) == PH_OK) {
        to->long_reply.length = text->length;
        to->view.reply_text = (const char *)to->long_reply.bytes;
    }
}
