/* SPDX-License-Identifier: MIT */
#include "large_content.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interop/real_server.h"
#include "unit/base/test.h"

char *large_content(void)
{
    char *content = malloc(large_size);
    assert_non_null(content);
    size_t n = (size_t)snprintf(content, large_size, HEADERS "Subject: large\r\n\r\n");
    for (unsigned line = 0; n + 100 < large_size; line++) {
        const size_t length = line % 71;
        memset(content + n, line % 13 == 0 ? '.' : 'a' + (int)(line % 26), length);
        n += length;
        memcpy(content + n, "\r\n", 2);
        n += 2;
    }
    memset(content + n, 'z', large_size - n - 2);
    memcpy(content + large_size - 2, "\r\n", 2);
    return content;
}
