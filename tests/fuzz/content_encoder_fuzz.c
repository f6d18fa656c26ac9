/* SPDX-License-Identifier: MIT */
/*
 * The content encoder: what a server reads back (RFC 5321 section 4.5.2) is the content with its
 * line ends made right, the end comes once and last, and declared types are told from others.
 */
#include "protocol/content_encoder.h"

#include <stdlib.h>

#include "fuzz/content_model.h"
#include "fuzz/fuzz.h"

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
            bytes_add(out, slices[i].bytes, slices[i].length);
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
    bytes_add(out, end.bytes, end.length);
    return encoder.problem;
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
    struct bytes expected = {.at = NULL};
    struct bytes received = {.at = NULL};
    struct bytes wire = {.at = NULL};
    content_normalise(data, size, &expected);
    for (int split = FUZZ_WHOLE; split < fuzz_splits; split++) {
        const enum fuzz_split how = (enum fuzz_split)split;
        received.n = 0;
        REQUIRE(!encode(PH_BODY_UNDECLARED, how, data, size, &wire));
        content_unstuff(&wire, &received);
        REQUIRE(bytes_equal(&received, &expected));
        for (ph_body_type type = PH_BODY_7BIT; type <= PH_BODY_8BITMIME; type++)
            REQUIRE(!encode(type, how, data, size, &wire) == is_of_type(&expected, type));
    }
    bytes_release(&expected);
    bytes_release(&received);
    bytes_release(&wire);
    return 0;
}
