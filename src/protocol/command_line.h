/* SPDX-License-Identifier: MIT */
/*
 * The one place where command lines are written. No control byte gets past it, whatever the
 * argument is and wherever it comes from (RFC 5321 section 4.1.1).
 */
#ifndef PH_PROTOCOL_COMMAND_LINE_H
#define PH_PROTOCOL_COMMAND_LINE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "protocol/envelope.h"

/* Long enough for an AUTH line of RFC 4954 section 4.5 (12288 octets), and for 4 KiB of parameters.
 */
enum {
    ph__command_line_max = 16 * 1024
};

/**
 * Appends "VERB argument CRLF".
 * @param verb      NULL if the argument is the whole line
 * @param argument  NULL or "" for none
 * @return PH_OK, PH_ERR_ARGUMENT (a control byte, or too long; nothing is appended),
 * PH_ERR_NO_MEMORY
 */
int ph__command_line(struct ph__buffer *out, const char *verb, const char *argument);

/* What MAIL declares beside the address. */
struct ph__mail_extensions {
    const char *body; /* "8BITMIME", "7BIT" or NULL */
    bool smtputf8;
};

/** Appends "MAIL FROM:<...> parameters CRLF". @param from NULL is the null sender */
int ph__mail_line(struct ph__buffer *out, const ph_address *from,
                  const struct ph__mail_extensions *extensions);

/** Appends "RCPT TO:<...> parameters CRLF". */
int ph__rcpt_line(struct ph__buffer *out, const ph_address *to);

/** @return the line is an AUTH command, so that lines of an exchange may follow */
bool ph__is_auth_line(const char *line, size_t n);

/**
 * Writes what may be shown of a command line: no line end, and nothing behind the mechanism of
 * AUTH.
 * @param room  at least 1
 */
void ph__command_shown(char *out, size_t room, const void *line, size_t n);

#endif
