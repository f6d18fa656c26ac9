/* SPDX-License-Identifier: MIT */
/* A folder for the files of a test, and what a source makes of them. */
#ifndef TESTS_UNIT_CLI_FOLDER_H
#define TESTS_UNIT_CLI_FOLDER_H

#include <stddef.h>

#include "cli/bulk/source.h"

/* A setup and a teardown of cmocka: *state is the folder's path. */
int folder_make(void **state);
int folder_remove(void **state);

/** Writes a file below the folder, and the folders on the way there. */
void folder_write(void *const *state, const char *name, const char *text);
void folder_write_bytes(void *const *state, const char *name, const void *bytes, size_t n);

/** @return the path of a file below the folder, valid until the next call but one */
const char *folder_path(void *const *state, const char *name);

/** @return the whole content of an item, to be freed; its length in @p n */
char *content_of(struct item *item, size_t *n);

/** Fails unless the item has this content. */
void assert_content(struct item *item, const char *expected);

#endif
