/* SPDX-License-Identifier: MIT */
/* The trace of a session on a stream. */
#include <posthaste/trace.h>

#include <stdio.h>

void ph_trace_to_file(ph_trace_kind kind, const char *line, void *user_data)
{
    /* Net::SMTP's arrows. */
    const char *arrow = kind == PH_TRACE_SENT ? "<-" : kind == PH_TRACE_RECEIVED ? "->" : "--";
    (void)fprintf(user_data, "%s %s\n", arrow, line);
}
