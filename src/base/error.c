/* SPDX-License-Identifier: MIT */
/* The storage behind a ph_error, and the names of statuses, phases and outcomes. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/system_error.h"
#include "base/utf8.h"

struct record {
    ph_error view;
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

/* ---- Constants that stand in ----------------------------------------------------------------- */

static const ph_error nothing_failed = {.message = ""};

/* Without memory, a program must still not take a message for unsent that may have arrived. */
static const ph_error *stand_in(ph_status status, ph_outcome outcome)
{
#define STAND_IN_AS(name, number, text, became)                                                    \
    [-(number)] = {.status = PH_##name, .outcome = PH_OUTCOME_##became, .message = (text)},
#define NOT_SENT(name, number, text) STAND_IN_AS(name, number, text, NOT_SENT)
#define SENT(name, number, text)     STAND_IN_AS(name, number, text, SENT)
#define UNKNOWN(name, number, text)  STAND_IN_AS(name, number, text, UNKNOWN)
    static const ph_error not_sent[] = {PH_STATUS_MAP(NOT_SENT)};
    static const ph_error sent[] = {PH_STATUS_MAP(SENT)};
    static const ph_error unknown[] = {PH_STATUS_MAP(UNKNOWN)};
#undef UNKNOWN
#undef SENT
#undef NOT_SENT
#undef STAND_IN_AS
    if (status == PH_OK)
        return &nothing_failed;
    if (outcome == PH_OUTCOME_NOT_SENT)
        return &not_sent[-(int)status];
    return outcome == PH_OUTCOME_SENT ? &sent[-(int)status] : &unknown[-(int)status];
}

/* ---- The record ------------------------------------------------------------------------------ */

/* @return the record that was made, or NULL */
static struct record *record_of(const struct ph__error *error)
{
    const ph_error *view = error->view;
    /* A view that is no constant is the first member of a record, which nobody else changes. */
    return view == stand_in(view->status, view->outcome) ? NULL : (void *)(uintptr_t)view;
}

/* @return the record, made if there was none; NULL without memory */
static struct record *record_for(struct ph__error *error)
{
    struct record *record = record_of(error);
    if (record)
        return record;
    record = ph__allocate(error->allocator, sizeof *record);
    if (!record)
        return NULL;
    ph__buffer_init(&record->long_reply, error->allocator, ph__error_reply_max);
    record->view = *error->view;
    error->view = &record->view;
    return record;
}

void ph__error_init(struct ph__error *error, const ph_allocator *allocator)
{
    *error = (struct ph__error){.view = &nothing_failed, .allocator = allocator};
}

void ph__error_release(struct ph__error *error)
{
    struct record *record = record_of(error);
    if (record)
        ph__buffer_release(&record->long_reply);
    ph__release(error->allocator, record);
    ph__error_init(error, error->allocator);
}

void ph__error_clear(struct ph__error *error)
{
    struct record *record = record_of(error);
    if (record)
        record->view = nothing_failed;
    else
        error->view = &nothing_failed;
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
    struct record *record = record_for(error);
    if (!record) {
        error->view = stand_in(status, PH_OUTCOME_NOT_SENT);
        return status;
    }
    /* Not the whole room: behind the text is what the stack held before. */
    memcpy(record->message, message, strlen(message) + 1);
    record->view = (ph_error){.status = status, .phase = phase, .message = record->message};
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

void ph__error_set_status(struct ph__error *error, ph_status status)
{
    struct record *record = record_of(error);
    if (record)
        record->view.status = status;
    else
        error->view = stand_in(status, error->view->outcome);
}

void ph__error_set_phase(struct ph__error *error, ph_phase phase)
{
    struct record *record = record_of(error);
    if (record)
        record->view.phase = phase;
}

void ph__error_set_outcome(struct ph__error *error, ph_outcome outcome)
{
    struct record *record = record_of(error);
    if (record)
        record->view.outcome = outcome;
    else
        error->view = stand_in(error->view->status, outcome);
}

static void escape_long_reply(struct record *record, const char *text)
{
    struct ph__buffer *long_reply = &record->long_reply;
    const size_t n = strlen(text);
    const size_t room = n * 4 + 1; /* \xHH for each byte, and NUL */
    ph__buffer_truncate(long_reply, 0);
    if (ph__buffer_reserve(long_reply, room) != PH_OK)
        return;
    long_reply->length = (uint32_t)ph__escape((char *)long_reply->bytes, room, text, n);
    record->view.reply_text = (const char *)long_reply->bytes;
}

void ph__error_set_reply(struct ph__error *error, int code, const char *enhanced, const char *text)
{
    struct record *record = record_for(error);
    if (!record)
        return;
    (void)snprintf(record->enhanced, sizeof record->enhanced, "%s", enhanced ? enhanced : "");
    (void)ph__escape(record->reply, sizeof record->reply, text, strlen(text));
    record->view.reply_code = code;
    record->view.enhanced_code = enhanced ? record->enhanced : NULL;
    record->view.reply_text = record->reply;
    if (strlen(text) * 4 >= sizeof record->reply)
        escape_long_reply(record, text);
}

void ph__error_set_command(struct ph__error *error, const char *command)
{
    struct record *record = record_for(error);
    if (!record)
        return;
    (void)ph__escape(record->command, sizeof record->command, command, strlen(command));
    record->view.command = record->command;
}

void ph__error_add(struct ph__error *error, const char *format, ...)
{
    struct record *record = record_of(error);
    if (!record || record->view.message != record->message)
        return; /* the status' own sentence stands there */
    const size_t length = strlen(record->message);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(record->message + length, sizeof record->message - length, format, arguments);
    va_end(arguments);
    drop_partial_character(record->message, sizeof record->message);
}

void ph__error_add_errno(struct ph__error *error, int system_errno)
{
    char text[ph__system_error_size];
    struct record *record = record_of(error);
    if (!record || system_errno == 0)
        return;
    record->view.system_errno = system_errno;
    ph__error_add(error, ": %s", ph__system_error(system_errno, text, sizeof text));
}

/* @return a text of the other record in room of this one; NULL stays NULL */
static const char *copy_text(char *to, size_t room, const char *from)
{
    if (!from)
        return NULL;
    (void)snprintf(to, room, "%s", from);
    return to;
}

static void copy_reply(struct record *to, const char *reply)
{
    to->view.reply_text = copy_text(to->reply, sizeof to->reply, reply);
    if (!reply || strlen(reply) < sizeof to->reply)
        return;
    drop_partial_character(to->reply, sizeof to->reply);
    ph__buffer_truncate(&to->long_reply, 0);
    if (ph__buffer_append(&to->long_reply, reply, strlen(reply) + 1) == PH_OK)
        to->view.reply_text = (const char *)to->long_reply.bytes;
}

static bool says_anything(const ph_error *view)
{
    return view->status != PH_OK || view->reply_text || view->command;
}

void ph__error_copy(struct ph__error *to, const struct ph__error *from)
{
    const ph_error *view = from->view;
    if (to == from)
        return;
    ph__error_clear(to);
    struct record *record = says_anything(view) ? record_for(to) : NULL;
    if (!record) {
        ph__error_set_status(to, view->status);
        ph__error_set_outcome(to, view->outcome);
        return;
    }
    record->view = *view;
    record->view.message = copy_text(record->message, sizeof record->message, view->message);
    record->view.command = copy_text(record->command, sizeof record->command, view->command);
    record->view.enhanced_code =
        copy_text(record->enhanced, sizeof record->enhanced, view->enhanced_code);
    copy_reply(record, view->reply_text);
}
