/* SPDX-License-Identifier: MIT */
/* The stream that content is written to: small writes are gathered, large ones pass. */
#include <posthaste/writer.h>

#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "client/client.h"

void ph__writer_begin(ph_smtp *smtp)
{
    smtp->writer.is_open = true;
    smtp->writer.failure = PH_OK;
    ph__buffer_truncate(&smtp->writer.buffer, 0);
}

static int fail(ph_writer *writer, int status)
{
    if (status != PH_OK && writer->failure == PH_OK)
        writer->failure = status;
    return status;
}

/* Lends bytes to the session until it wants more. */
static int push(ph_writer *writer, const void *bytes, size_t n)
{
    if (n == 0)
        return PH_OK;
    ph__source_push(&writer->smtp->source, bytes, n, false);
    return fail(writer, ph__client_run(writer->smtp, true));
}

static int flush(ph_writer *writer)
{
    const int status = push(writer, writer->buffer.bytes, writer->buffer.length);
    ph__buffer_truncate(&writer->buffer, 0);
    return status;
}

/* What was to be written cannot be: the message must not arrive without it. The writer stays open,
 * so that every call that follows fails in the same way. */
static int give_up(ph_writer *writer, int status, const char *reason)
{
    ph_smtp *smtp = writer->smtp;
    ph__session_content_failed(ph__connection_session(smtp->connection), reason);
    (void)ph__client_run(smtp, false);
    ph__error_set_status(&smtp->error, (ph_status)status);
    return fail(writer, status);
}

static int out_of_memory(ph_writer *writer)
{
    return give_up(writer, PH_ERR_NO_MEMORY, "out of memory");
}

/* @return PH_OK, or why nothing can be written any more */
static int check_open(const ph_writer *writer)
{
    return writer->is_open ? writer->failure : PH_ERR_STATE;
}

int ph_writer_write(ph_writer *writer, const void *bytes, size_t n)
{
    int status = check_open(writer);
    if (status == PH_OK && n > ph__writer_buffer_size - writer->buffer.length)
        status = flush(writer);
    if (status != PH_OK)
        return status;
    if (n >= ph__writer_buffer_size)
        return push(writer, bytes, n);
    return ph__buffer_append(&writer->buffer, bytes, n) == PH_OK ? PH_OK : out_of_memory(writer);
}

int ph_writer_print(ph_writer *writer, const char *text)
{
    return ph_writer_write(writer, text, strlen(text));
}

int ph_writer_puts(ph_writer *writer, const char *text)
{
    size_t n = text ? strlen(text) : 0;
    if (n > 0 && text[n - 1] == '\n')
        n--;
    if (n > 0 && text[n - 1] == '\r')
        n--;
    const int status = ph_writer_write(writer, text, n);
    return status == PH_OK ? ph_writer_write(writer, "\r\n", 2) : status;
}

int ph_writer_vprintf(ph_writer *writer, const char *format, va_list arguments)
{
    char room[512];
    va_list again;
    const int problem = check_open(writer);
    if (problem != PH_OK)
        return problem;
    va_copy(again, arguments);
    const int length = vsnprintf(room, sizeof room, format, again);
    va_end(again);
    if (length < 0)
        return give_up(writer, PH_ERR_ARGUMENT, "text that cannot be formatted");
    if ((size_t)length < sizeof room)
        return ph_writer_write(writer, room, (size_t)length);
    const ph_allocator *allocator = writer->smtp->allocator;
    char *text = ph__allocate(allocator, (size_t)length + 1);
    if (!text)
        return out_of_memory(writer);
    (void)vsnprintf(text, (size_t)length + 1, format, arguments);
    const int status = ph_writer_write(writer, text, (size_t)length);
    ph__release(allocator, text);
    return status;
}

int ph_writer_printf(ph_writer *writer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int status = ph_writer_vprintf(writer, format, arguments);
    va_end(arguments);
    return status;
}

int ph__writer_end(ph_smtp *smtp)
{
    ph_writer *writer = &smtp->writer;
    int status = writer->failure;
    writer->is_open = false;
    if (status == PH_OK) {
        ph__source_push(&smtp->source, writer->buffer.bytes, writer->buffer.length, true);
        status = ph__client_run(smtp, false);
    }
    ph__buffer_truncate(&writer->buffer, 0);
    return status;
}

void ph__writer_abort(ph_smtp *smtp, const char *reason)
{
    smtp->writer.is_open = false;
    if (smtp->writer.failure != PH_OK) /* the connection is gone already */
        return;
    ph__session_content_failed(ph__connection_session(smtp->connection), reason);
    (void)ph__client_run(smtp, false);
}
