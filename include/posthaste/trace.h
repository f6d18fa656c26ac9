/* SPDX-License-Identifier: MIT */
/*
 * The trace of a session (Net::SMTP's debug output), line by line. Credentials, AUTH exchanges and
 * content do not appear in it unless the caller asks for the former.
 */
#ifndef POSTHASTE_TRACE_H
#define POSTHASTE_TRACE_H

#include <posthaste/api.h>

PH_BEGIN_DECLS

/** What a line of the trace is. */
typedef enum ph_trace_kind {
    PH_TRACE_INFO = 0,    /**< what the client did: connected, TLS started, ... */
    PH_TRACE_SENT = 1,    /**< a command line, or a note on content that was sent */
    PH_TRACE_RECEIVED = 2 /**< a line of a reply */
} ph_trace_kind;

/**
 * Receives one line, control bytes escaped, NUL at its end, valid for the call.
 * AUTH exchanges and responses are replaced by "<redacted>"; content by its number of bytes.
 * It must not call the object that traces.
 */
typedef void (*ph_trace_fn)(ph_trace_kind kind, const char *line, void *user_data);

/**
 * A ph_trace_fn that writes to a stream: a line each, behind "-- ", "<- " (sent) or "-> "
 * (received), as Net::SMTP's debug output.
 * @param user_data  the FILE *, which is borrowed
 */
PH_API void ph_trace_to_file(ph_trace_kind kind, const char *line, void *user_data);

PH_END_DECLS

#endif
