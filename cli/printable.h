/* SPDX-License-Identifier: MIT */
/*
 * What a server says, made safe to show: a terminal obeys control bytes, and JSON takes only UTF-8.
 */
#ifndef CLI_PRINTABLE_H
#define CLI_PRINTABLE_H

#include <posthaste/reply.h>

/**
 * @return a copy of @p text in which control bytes (but LF) and bytes that are not UTF-8 are \xHH;
 *         NULL without memory. Freed with free.
 */
char *printable(const char *text);

/** @return a reply on one line, "250 2.1.5 ok" and its further lines behind " / "; NULL without
 * memory. Freed with free. */
char *printable_reply(const ph_reply *reply);

/** Prints @p text on stdout, made safe; a dash if it is NULL or empty. */
void print_safely(const char *text);

#endif
