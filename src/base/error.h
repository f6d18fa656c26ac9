/* SPDX-License-Identifier: MIT */
/*
 * The storage behind a ph_error. Recording never fails: texts are cut where room ends, and without
 * memory a constant that knows status and outcome stands in. A record takes memory with its first
 * failure and keeps it, so that objects by the thousand that never fail do not carry room for it.
 */
#ifndef PH_BASE_ERROR_H
#define PH_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

#include <posthaste/allocator.h>
#include <posthaste/api.h>
#include <posthaste/error.h>

#include "base/buffer.h"

enum {
    ph__error_message_size = 1024, /* of the texts' parts */
    ph__error_command_size = 320,
    ph__error_reply_size = 512,
    ph__error_reply_max = 256 * 1024
};

/* Copied with ph__error_copy, never by assignment. */
struct ph__error {
    const ph_error *view; /* never NULL: a constant, or in memory of the record's own */
    const ph_allocator *allocator;
};

void ph__error_init(struct ph__error *error, const ph_allocator *allocator);
void ph__error_release(struct ph__error *error);

/** Makes the record say that nothing failed. */
void ph__error_clear(struct ph__error *error);

static inline bool ph__error_is_set(const struct ph__error *error)
{
    return error->view->status != PH_OK;
}

/**
 * Records a failure, in place of whatever was there.
 * @param format  the sentence, for printf
 * @return @p status
 */
int ph__error_set(struct ph__error *error, ph_status status, ph_phase phase, const char *format,
                  ...) PH_PRINTF(4, 5);
int ph__error_vset(struct ph__error *error, ph_status status, ph_phase phase, const char *format,
                   va_list arguments) PH_PRINTF(4, 0);

/* Each changes one thing of a failure that was recorded. */
void ph__error_set_status(struct ph__error *error, ph_status status);
void ph__error_set_phase(struct ph__error *error, ph_phase phase);
void ph__error_set_outcome(struct ph__error *error, ph_outcome outcome);

/** Adds what the server said; @p text is escaped on the way in. @param enhanced may be NULL */
void ph__error_set_reply(struct ph__error *error, int code, const char *enhanced, const char *text);

/** Adds the command that was answered or that was under way. */
void ph__error_set_command(struct ph__error *error, const char *command);

/** Appends to the sentence, for a hint that only a higher floor knows. */
void ph__error_add(struct ph__error *error, const char *format, ...) PH_PRINTF(2, 3);

/** Appends a colon and what @p system_errno means to the sentence, and keeps the number. 0 does
 * nothing. */
void ph__error_add_errno(struct ph__error *error, int system_errno);

void ph__error_copy(struct ph__error *to, const struct ph__error *from);

#endif
