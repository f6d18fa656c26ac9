/* SPDX-License-Identifier: MIT */
/*
 * The content encoder: what a server reads back (RFC 5321 section 4.5.2) is the content with its
 * line ends made right, the end comes once and last, and declared types are told from others.
 */
#include "protocol/content_encoder.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"

struct bytes {
    uint8_t *at;
    size_t n;
    size_t room;
};

static struct bytes bytes_of(size_t room)
{
    struct bytes made = {.at = malloc(room), .room = room};
    REQUIRE(made.at);
    return made;
}

static void add(struct bytes *out, const void *bytes, size_t n)
{
    REQUIRE(n <= out->room - out->n);
    if (n > 0)
        memcpy(out->at + out->n, bytes, n);
    out->n += n;
}

static void encode_piece(struct ph__content_encoder *encoder, const uint8_t *bytes, size_t n,
                         struct bytes *out)
{
    uint8_t *piece = fuzz_exact(bytes, n);
    for (size_t at = 0; at < n;) {
        struct ph__slice slices[8];
        const size_t max = ph__content_slices_min + n % 5;
        size_t used = 0;
        const size_t count = ph__content_encode(encoder, piece + at, n - at, slices, max, &used);
        REQUIRE(count <= max && used > 0 && used <= n - at);
        for (size_t i = 0; i < count; i++) {
            REQUIRE(slices[i].length > 0);
            add(out, slices[i].bytes, slices[i].length);
        }
        at += used;
    }
    free(piece);
}

/* @return what is wrong with the content, as the encoder sees it */
static const char *encode(ph_body_type type, enum fuzz_split split, const uint8_t *data,
                          size_t size, struct bytes *out)
{
    struct ph__content_encoder encoder;
    struct fuzz_cutter cutter;
    fuzz_cutter_init(&cutter, split, data, size);
    ph__content_encoder_init(&encoder, type);
    out->n = 0;
    for (size_t at = 0; at < size;) {
        const size_t n = fuzz_cut(&cutter, size - at);
        encode_piece(&encoder, data + at, n, out);
        at += n;
    }
    const struct ph__slice end = ph__content_end(&encoder);
    add(out, end.bytes, end.length);
    return encoder.problem;
}

/* Content with each line end made CRLF, and one at its end. */
static void normalise(const uint8_t *data, size_t size, struct bytes *out)
{
    bool is_complete = false;
    for (size_t i = 0; i < size; i++) {
        is_complete = data[i] == '\r' || data[i] == '\n';
        if (!is_complete) {
            add(out, &data[i], 1);
            continue;
        }
        add(out, "\r\n", 2);
        if (data[i] == '\r' && i + 1 < size && data[i + 1] == '\n')
            i++;
    }
    if (!is_complete)
        add(out, "\r\n", 2);
}

/* Reads lines as a server does, until the line with the dot, which must be the last. */
static void receive(const struct bytes *wire, struct bytes *out)
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
        add(out, line + (is_stuffed ? 1 : 0), n - (is_stuffed ? 1 : 0) + 2);
    }
    REQUIRE(at == wire->n);
}

/* @return the normalised content is of the declared type (RFC 5321 section 4.5.3.1.6, RFC 6152) */
static bool is_of_type(const struct bytes *content, ph_body_type type)
{
    size_t length = 0;
    for (size_t i = 0; i < content->n; i++) {
        const uint8_t byte = content->at[i];
        length = byte == '\n' ? 0 : length + 1;
        const size_t most = byte == '\r' ? 999 : 998;
        if (length > most || byte == '\0' || (type == PH_BODY_7BIT && byte >= 0x80))
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes expected = bytes_of(2 * size + 2);
    struct bytes received = bytes_of(2 * size + 2);
    struct bytes wire = bytes_of(3 * size + 8);
    normalise(data, size, &expected);
    for (int split = FUZZ_WHOLE; split < fuzz_splits; split++) {
        const enum fuzz_split how = (enum fuzz_split)split;
        received.n = 0;
        REQUIRE(!encode(PH_BODY_UNDECLARED, how, data, size, &wire));
        receive(&wire, &received);
        REQUIRE(received.n == expected.n);
        REQUIRE(memcmp(received.at, expected.at, expected.n) == 0);
        for (ph_body_type type = PH_BODY_7BIT; type <= PH_BODY_8BITMIME; type++)
            REQUIRE(!encode(type, how, data, size, &wire) == is_of_type(&expected, type));
    }
    free(expected.at);
    free(received.at);
    free(wire.at);
    return 0;
}
