/* SPDX-License-Identifier: MIT */
/*
 * ph_writer: the stream a message's content is written to, valid only in its scope (the callback
 * of ph_smtp_open_message_stream, or between ph_smtp_begin_message and ph_smtp_end_message).
 *
 * Each call may block until the server takes what is buffered. Once a call has failed, the
 * connection is gone and every further call fails in the same way.
 */
#ifndef POSTHASTE_WRITER_H
#define POSTHASTE_WRITER_H

#include <stdarg.h>
#include <stddef.h>

#include <posthaste/api.h>

PH_BEGIN_DECLS

typedef struct ph_writer ph_writer;

/**
 * Writes @p n bytes of content.
 * @return PH_OK, or the error of the session (I/O, time limits, a reply in mid message)
 */
PH_API PH_MUST_CHECK int ph_writer_write(ph_writer *writer, const void *bytes, size_t n);

/** Writes a string as it is. @return as ph_writer_write */
PH_API PH_MUST_CHECK int ph_writer_print(ph_writer *writer, const char *text);

/**
 * Writes a string as a line: one line end at its end is replaced, or added if there was none.
 * NULL and "" write an empty line. @return as ph_writer_write
 */
PH_API PH_MUST_CHECK int ph_writer_puts(ph_writer *writer, const char *text);

/** Writes formatted text. @return as ph_writer_write, or PH_ERR_NO_MEMORY, PH_ERR_ARGUMENT */
PH_API PH_MUST_CHECK int ph_writer_printf(ph_writer *writer, const char *format, ...)
    PH_PRINTF(2, 3);
PH_API PH_MUST_CHECK int ph_writer_vprintf(ph_writer *writer, const char *format, va_list arguments)
    PH_PRINTF(2, 0);

PH_END_DECLS

#endif
