/* SPDX-License-Identifier: MIT */
/*
 * The syntax of a mailbox (RFC 5321 section 4.1.2, RFC 6531 section 3.3), as far as it keeps an
 * envelope from saying more than its sender meant: what is not a mailbox never reaches a command.
 */
#ifndef PH_PROTOCOL_MAILBOX_H
#define PH_PROTOCOL_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Checks a mailbox without brackets: a local part, alone or with "@" and a domain or an address
 * literal. Lenient in what real addresses do (dots anywhere in a local part, long local parts),
 * strict in what could end a path: blanks, brackets, control bytes, unbalanced quotes.
 *
 * @return NULL if it is a mailbox, or a few words on what is wrong with it
 */
const char *ph__mailbox_problem(const char *mailbox, size_t n);

/** @return the mailbox has bytes beyond ASCII */
bool ph__mailbox_is_international(const char *mailbox);

#endif
