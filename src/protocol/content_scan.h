/* SPDX-License-Identifier: MIT */
/* Looks for what must be changed in content before it leaves. */
#ifndef PH_PROTOCOL_CONTENT_SCAN_H
#define PH_PROTOCOL_CONTENT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * @param bytes         the content from here on, @p n bytes
 * @param at_line_start the bytes begin a line
 * @param finds_dots    a dot that begins a line must be changed
 * @return where the first byte stands that cannot pass as it is: an LF without CR before it, a CR
 *         without LF behind it (the last byte, if it is a CR, counts as such), or a dot that begins
 *         a line; @p n if there is none
 */
size_t ph__content_scan(const uint8_t *bytes, size_t n, bool at_line_start, bool finds_dots);

#endif
