/* SPDX-License-Identifier: MIT */
/* What content looks like behind DATA (RFC 5321 sections 2.3.8 and 4.5.2). */
#include "protocol/content_encoder.h"

#include <assert.h>
#include <string.h>

#include "protocol/content_scan.h"

static const uint8_t crlf_dot_crlf[] = "\r\n.\r\n";

static struct ph__slice constant(size_t from, size_t length)
{
    return (struct ph__slice){.bytes = crlf_dot_crlf + from, .length = length};
}

void ph__content_encoder_init(struct ph__content_encoder *encoder, ph_body_type type)
{
    *encoder = (struct ph__content_encoder){
        .type = type, .stuffs_dots = true, .is_line_start = true, .is_empty = true};
}

void ph__content_encoder_init_unstuffed(struct ph__content_encoder *encoder, ph_body_type type)
{
    ph__content_encoder_init(encoder, type);
    encoder->stuffs_dots = false;
}

static bool has_high_bit(const uint8_t *bytes, size_t n)
{
    uint8_t all = 0;
    for (size_t i = 0; i < n; i++)
        all |= bytes[i];
    return all >= 0x80;
}

/* Compares a part of a line with what was declared (RFC 6152, RFC 5321 section 4.5.3.1.6). */
static void check_line(struct ph__content_encoder *encoder, const uint8_t *bytes, size_t n)
{
    encoder->line_length += n;
    if (encoder->line_length > ph__text_line_max)
        encoder->problem = "a line of more than 998 bytes";
    else if (n > 0 && memchr(bytes, '\0', n))
        encoder->problem = "a NUL byte";
    else if (encoder->type == PH_BODY_7BIT && has_high_bit(bytes, n))
        encoder->problem = "a byte beyond 7 bits";
}

/* @return where the first CR or LF stands, or n */
static size_t line_length(const uint8_t *bytes, size_t n)
{
    const uint8_t *lf = memchr(bytes, '\n', n);
    const size_t to_lf = lf ? (size_t)(lf - bytes) : n;
    const uint8_t *cr = memchr(bytes, '\r', to_lf);
    return cr ? (size_t)(cr - bytes) : to_lf;
}

/* Goes through the lines of what was declared to be of a type; what was not is not looked at. */
static void check(struct ph__content_encoder *encoder, const uint8_t *bytes, size_t n)
{
    size_t i = 0;
    while (i < n && encoder->type != PH_BODY_UNDECLARED && !encoder->problem) {
        const size_t length = line_length(bytes + i, n - i);
        check_line(encoder, bytes + i, length);
        i += length;
        if (i < n) {
            encoder->line_length = 0;
            i++;
        }
    }
}

/* The slices of one call; run is where the bytes begin that pass as they are. */
struct output {
    struct ph__slice *slices;
    size_t count;
    const uint8_t *run;
};

static void flush_run(struct output *out, const uint8_t *end)
{
    if (end > out->run)
        out->slices[out->count++] =
            (struct ph__slice){.bytes = out->run, .length = (size_t)(end - out->run)};
    out->run = end;
}

/* Changes the byte at `at`, which cannot pass as it is. @return what follows it */
static const uint8_t *change(struct ph__content_encoder *encoder, struct output *out,
                             const uint8_t *at, const uint8_t *end)
{
    if (*at == '.') {
        flush_run(out, at + 1);
        out->run = at; /* the dot follows itself */
        encoder->is_line_start = false;
        return at;
    }
    flush_run(out, at);
    out->slices[out->count++] = constant(0, 2);
    out->run = at + 1;
    encoder->is_line_start = true;
    encoder->skips_lf = *at == '\r' && at + 1 == end;
    return at + 1;
}

/* Passes what needs no change, and changes what comes behind it. @return what follows that */
static const uint8_t *pass(struct ph__content_encoder *encoder, struct output *out,
                           const uint8_t *at, const uint8_t *end)
{
    const size_t n = (size_t)(end - at);
    const size_t clean = ph__content_scan(at, n, encoder->is_line_start, encoder->stuffs_dots);
    if (clean > 0)
        encoder->is_line_start = at[clean - 1] == '\n';
    return clean == n ? end : change(encoder, out, at + clean, end);
}

size_t ph__content_encode(struct ph__content_encoder *encoder, const uint8_t *bytes, size_t n,
                          struct ph__slice *slices, size_t max, size_t *used)
{
    assert(max >= ph__content_slices_min);
    *used = 0;
    if (n == 0) /* bytes may be NULL then */
        return 0;
    struct output out = {.slices = slices, .run = bytes};
    const uint8_t *at = bytes;
    const uint8_t *end = bytes + n;
    if (encoder->skips_lf) {
        if (*at == '\n')
            out.run = ++at;
        encoder->skips_lf = false;
    }
    encoder->is_empty = false;
    /* A change takes two slices (what came before, and what is put in), the rest one. */
    while (at < end && out.count + 3 <= max)
        at = pass(encoder, &out, at, end);
    flush_run(&out, at);
    *used = (size_t)(at - bytes);
    check(encoder, bytes, *used);
    return out.count;
}

struct ph__slice ph__content_missing_line_end(const struct ph__content_encoder *encoder)
{
    /* Empty content is one empty line, as Net::SMTP sends it. */
    return encoder->is_empty || !encoder->is_line_start ? constant(0, 2) : constant(0, 0);
}

struct ph__slice ph__content_end(const struct ph__content_encoder *encoder)
{
    return ph__content_missing_line_end(encoder).length > 0 ? constant(0, 5) : constant(2, 3);
}

struct ph__slice ph__content_none(void)
{
    return constant(2, 3);
}
