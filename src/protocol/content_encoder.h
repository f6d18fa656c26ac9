/* SPDX-License-Identifier: MIT */
/*
 * What content looks like behind DATA: CRLF line ends alone, leading dots doubled, and the end of
 * data (RFC 5321 sections 2.3.8 and 4.5.2). Line ends are made right before dots are looked for, so
 * no server can see an end that the sender did not mean.
 */
#ifndef PH_PROTOCOL_CONTENT_ENCODER_H
#define PH_PROTOCOL_CONTENT_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <posthaste/message.h>

#include "base/slice.h"

/* RFC 5321 section 4.5.3.1.6: 1000 octets with the CRLF. */
enum {
    ph__text_line_max = 998,
    ph__content_slices_min = 4
};

struct ph__content_encoder {
    size_t line_length; /* of the line that is under way */
    ph_body_type type;
    bool stuffs_dots; /* a dot that begins a line is doubled: behind DATA, not in BDAT */
    bool is_line_start;
    bool is_empty;
    bool skips_lf; /* a CR ended the last piece: an LF now belongs to it */
    const char *problem;
};

void ph__content_encoder_init(struct ph__content_encoder *encoder, ph_body_type type);

/** The same for BDAT, which says its length and needs no dots (RFC 3030 section 2). */
void ph__content_encoder_init_unstuffed(struct ph__content_encoder *encoder, ph_body_type type);

/**
 * Encodes a piece of content, split anywhere, as slices of it and of constant text.
 *
 * @param bytes   the piece; may be NULL if @p n is 0
 * @param slices  receives the slices; they live as long as @p bytes
 * @param max     room, at least ph__content_slices_min
 * @param used    receives how many bytes are covered; call again with the rest
 * @return how many slices. encoder->problem is set when the content is not of the declared type.
 */
size_t ph__content_encode(struct ph__content_encoder *encoder, const uint8_t *bytes, size_t n,
                          struct ph__slice *slices, size_t max, size_t *used);

/** @return what ends the content: the missing line end, and the line with the dot */
struct ph__slice ph__content_end(const struct ph__content_encoder *encoder);

/** @return the line end that the content lacks: CRLF, or nothing */
struct ph__slice ph__content_missing_line_end(const struct ph__content_encoder *encoder);

/** @return what ends content that was never begun, so that nothing is delivered: the dot alone */
struct ph__slice ph__content_none(void);

#endif
