/* SPDX-License-Identifier: MIT */
/* What is asked of user, secret and mechanism before anything is opened (Net::SMTP's checks). */
#ifndef PH_AUTH_CREDENTIALS_H
#define PH_AUTH_CREDENTIALS_H

#include <stdbool.h>

#include <posthaste/mechanism.h>

#include "auth/mechanism_table.h"
#include "base/error.h"

/**
 * Checks what a log-in is asked with, in Net::SMTP's order: mechanism, user, secret.
 *
 * The built-in mechanisms want user and secret non-empty (RFC 4616 section 2), and without CR and
 * LF: no mechanism would send them raw, but what ends in a line end was read from a file with it.
 * Other bytes pass, UTF-8 or not. A program's own mechanism gets whatever is not NULL.
 *
 * @param authtype  NULL is PLAIN; "auto" is found later, when the server's offer is known
 * @param found     receives the mechanism, NULL for "auto"; lives as ph__mechanism_find says
 * @param error     receives the sentence
 * @return PH_OK, or PH_ERR_ARGUMENT
 */
int ph__credentials_check(const struct ph__mechanism_table *table, const char *user,
                          const char *secret, const char *authtype, const ph_mechanism **found,
                          struct ph__error *error);

/** @return the user wants to act for somebody else, which not every mechanism can say */
bool ph__credentials_name_another(const ph_credentials *credentials);

#endif
