/* SPDX-License-Identifier: MIT */
/* What content is when it is sent right, written another way than the encoder. */
#include "fuzz/content_model.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"

void bytes_add(struct bytes *out, const void *bytes, size_t n)
{
    if (n == 0)
        return;
    if (n > out->room - out->n) {
        out->room = 2 * (out->n + n);
        out->at = realloc(out->at, out->room);
        REQUIRE(out->at);
    }
    memcpy(out->at + out->n, bytes, n);
    out->n += n;
}

bool bytes_equal(const struct bytes *a, const struct bytes *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->at, b->at, a->n) == 0);
}

void bytes_release(struct bytes *bytes)
{
    free(bytes->at);
    *bytes = (struct bytes){.at = NULL};
}

void content_normalise(const uint8_t *data, size_t size, struct bytes *out)
{
    bool is_complete = false;
    for (size_t i = 0; i < size; i++) {
        is_complete = data[i] == '\r' || data[i] == '\n';
        if (!is_complete) {
            bytes_add(out, &data[i], 1);
            continue;
        }
        bytes_add(out, "\r\n", 2);
        if (data[i] == '\r' && i + 1 < size && data[i + 1] == '\n')
            i++;
    }
    if (!is_complete)
        bytes_add(out, "\r\n", 2);
}

void content_unstuff(const struct bytes *wire, struct bytes *out)
{
    size_t at = 0;
    for (;;) {
        const uint8_t *line = wire->at + at;
        const uint8_t *lf = memchr(line, '\n', wire->n - at);
        REQUIRE(lf && lf > line && lf[-1] == '\r');
        const size_t n = (size_t)(lf - line) - 1;
        REQUIRE(!memchr(line, '\r', n));
        at += n + 2;
        if (n == 1 && *line == '.')
            break;
        const bool is_stuffed = n > 0 && *line == '.';
        REQUIRE(!is_stuffed || line[1] == '.');
        bytes_add(out, line + (is_stuffed ? 1 : 0), n - (is_stuffed ? 1 : 0) + 2);
    }
    REQUIRE(at == wire->n);
}
