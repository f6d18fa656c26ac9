/* SPDX-License-Identifier: MIT */
/*
 * How content leaves: behind DATA as text that ends in a line with a dot (RFC 5321
 * section 4.1.1.4), or by BDAT in chunks whose length is said before them (RFC 3030).
 */
#include <string.h>

#include "protocol/session_state.h"

enum {
    /* Of what needs no change, so much is looked through at once and sent as it is: little enough
     * to be still in the cache when the system copies it. */
    clean_chunk = 256 * 1024,
    /* Of what must be changed: it is gone through twice, since its length comes first. */
    changed_chunk = 32 * 1024,
    /* At most so much is promised before it is looked through: a chunk that was begun is sent to
     * its end, whatever becomes of the ones before. */
    promise_max = 16 * 1024 * 1024,
    /* Of less, the length is seen first. */
    promise_from = 2 * clean_chunk
};

/* The caller says that nothing needs to be changed, and nothing was declared that must be checked.
 */
static bool is_vouched_for(const struct ph__transaction *transaction)
{
    return transaction->envelope->line_ends == PH_LINE_ENDS_CRLF &&
           transaction->envelope->body_type == PH_BODY_UNDECLARED;
}

/* @return the message whose content the command is; NULL if it is none, as when a source fails
 * before anybody asked for it */
static const struct ph__transaction *owner_of(const struct ph__session *session,
                                              const struct ph__command *command)
{
    return command && ph__command_is_content(command) ? ph__transaction_of(session, command) : NULL;
}

bool ph__session_wants_content(const struct ph__session *session)
{
    const struct ph__transaction *owner =
        session->state == PH__STATE_OPEN ? owner_of(session, ph__session_next_to_build(session))
                                         : NULL;
    if (!owner)
        return false;
    const struct ph__content *content = &owner->content;
    /* What was lent before is free to be lent anew only when all of it was written. */
    return content->chunk.length == 0 && !content->is_last_chunk &&
           (!content->was_begun || session->pending_first == session->pending_count);
}

void *ph__session_content_tag(const struct ph__session *session, bool *from_start)
{
    const struct ph__transaction *transaction =
        ph__transaction_of(session, ph__session_next_to_build(session));
    *from_start = !transaction->content.was_begun;
    return transaction->tag;
}

void ph__session_content(struct ph__session *session, const void *bytes, size_t n, bool is_last)
{
    if (!ph__session_wants_content(session))
        return;
    struct ph__content *content =
        &ph__transaction_of(session, ph__session_next_to_build(session))->content;
    content->chunk = (struct ph__slice){.bytes = bytes, .length = n};
    content->is_last_chunk = is_last;
    content->is_file = false;
    content->was_begun = true;
}

bool ph__session_takes_file(const struct ph__session *session)
{
    const struct ph__command *command = ph__session_next_to_build(session);
    return ph__session_wants_content(session) && command->kind == PH__CMD_BDAT &&
           is_vouched_for(ph__transaction_of(session, command));
}

void ph__session_content_from_file(struct ph__session *session, size_t n, bool is_last)
{
    if (!ph__session_takes_file(session))
        return;
    ph__session_content(session, NULL, n, is_last);
    ph__transaction_of(session, ph__session_next_to_build(session))->content.is_file = true;
}

static void content_failed(struct ph__session *session, const struct ph__command *command,
                           const char *reason)
{
    (void)ph__error_set(&session->error, PH_ERR_SOURCE, PH_PHASE_BODY,
                        "the message was not sent, since its source failed: %s; the connection is "
                        "dropped so that no part of it is delivered",
                        reason);
    ph__session_break_for(session, owner_of(session, command));
}

void ph__session_content_failed(struct ph__session *session, const char *reason)
{
    if (session->state != PH__STATE_BROKEN)
        content_failed(session, ph__session_next_to_build(session), reason);
}

void ph__session_file_failed(struct ph__session *session, const char *reason)
{
    if (session->state != PH__STATE_BROKEN)
        content_failed(session, ph__session_queue_at(session, session->in_flight), reason);
}

/* Where a single byte is left to be said, a line end that is put in does not fit. */
static void keep_promise(struct ph__content *content, struct ph__slice *slices, size_t count)
{
    if (!content->is_promised || content->bdat_rest > 1 || count == 0 || slices[0].length == 1)
        return;
    slices[0].length = 1;
    content->owes_lf = true;
}

/* Pends the chunk's next bytes, at most `max`. @return how many were taken */
static int encode(struct ph__session *session, struct ph__transaction *transaction, size_t max,
                  size_t *taken)
{
    struct ph__content *content = &transaction->content;
    struct ph__slice slices[ph__content_slices_min];
    const uint64_t before = session->pended;
    const size_t count = ph__content_encode(&content->encoder, content->chunk.bytes, max, slices,
                                            ph__content_slices_min, taken);
    int status = PH_OK;
    keep_promise(content, slices, count);
    for (size_t i = 0; i < count && status == PH_OK; i++)
        status = ph__session_pend(session, slices[i], transaction);
    content->chunk.bytes += *taken;
    content->chunk.length -= *taken;
    content->pended += session->pended - before;
    return status;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- Behind DATA ----------------------------------------------------------------------------- */

static int build_text(struct ph__session *session, struct ph__transaction *transaction,
                      bool *is_whole)
{
    struct ph__content *content = &transaction->content;
    int status = PH_OK;
    size_t taken;
    while (status == PH_OK && content->chunk.length > 0 && ph__session_has_room_to_pend(session))
        status = encode(session, transaction, smaller(content->chunk.length, clean_chunk), &taken);
    if (status != PH_OK || !content->is_last_chunk || content->chunk.length > 0)
        return status;
    *is_whole = true;
    return ph__session_pend(session,
                            transaction->sends_no_content ? ph__content_none()
                                                          : ph__content_end(&content->encoder),
                            transaction);
}

/* ---- By BDAT --------------------------------------------------------------------------------- */

struct chunk {
    size_t taken;   /* bytes of what was lent */
    size_t encoded; /* bytes that they are sent as */
    bool is_last;
    bool is_clean;                      /* they are sent as they are */
    bool is_promised;                   /* taken is what is to be sent, whatever it is made of */
    struct ph__content_encoder encoder; /* as it is behind them */
};

static struct chunk vouched_chunk(const struct ph__content *content)
{
    struct chunk chunk = {.taken = content->chunk.length,
                          .encoded = content->chunk.length,
                          .is_last = content->is_last_chunk,
                          .is_clean = true,
                          .encoder = content->encoder};
    chunk.encoder.is_empty = false;
    /* Of a file this was seen before it was taken. */
    chunk.encoder.is_line_start =
        content->is_file || content->chunk.bytes[content->chunk.length - 1] == '\n';
    if (chunk.is_last)
        chunk.encoded += ph__content_missing_line_end(&chunk.encoder).length;
    return chunk;
}

/* Sees how far the next BDAT goes and what its bytes will be. */
static struct chunk measure(const struct ph__content *content)
{
    const struct ph__slice *lent = &content->chunk;
    struct ph__slice slices[ph__content_slices_min];
    struct chunk chunk = {.encoder = content->encoder};
    size_t extent = smaller(lent->length, clean_chunk);
    size_t used;
    size_t count = ph__content_encode(&chunk.encoder, lent->bytes, extent, slices,
                                      ph__content_slices_min, &used);
    chunk.is_clean = used == extent && count == 1 && slices[0].bytes == lent->bytes &&
                     slices[0].length == extent;
    if (!chunk.is_clean) {
        chunk.encoder = content->encoder;
        extent = smaller(lent->length, changed_chunk);
        for (chunk.taken = 0; chunk.taken < extent; chunk.taken += used) {
            count = ph__content_encode(&chunk.encoder, lent->bytes + chunk.taken,
                                       extent - chunk.taken, slices, ph__content_slices_min, &used);
            for (size_t i = 0; i < count; i++)
                chunk.encoded += slices[i].length;
        }
    } else {
        chunk.encoded = extent;
    }
    chunk.taken = extent;
    chunk.is_last = content->is_last_chunk && extent == lent->length;
    if (chunk.is_last)
        chunk.encoded += ph__content_missing_line_end(&chunk.encoder).length;
    return chunk;
}

/* What is said of a chunk comes before it, and what content becomes is known when it was looked
 * through. But no byte becomes less than one (save an LF whose CR ended the piece before): if there
 * is more than enough, a chunk of any length can be filled, and what is put in leaves more for the
 * next. So much is gone through once, right before it leaves, and has few replies. That pays over
 * TLS, where a reply must be decrypted; over plain text short chunks cost less, as their replies
 * set a pace at which both sides find the bytes in the cache.
 * @return 0 if there is not that much */
static size_t promise(const struct ph__session *session, const struct ph__content *content)
{
    const size_t lent = content->chunk.length;
    return !session->is_secure || lent < promise_from ? 0
                                                      : smaller(lent - clean_chunk, promise_max);
}

static struct chunk next_chunk(const struct ph__session *session,
                               const struct ph__transaction *transaction)
{
    const struct ph__content *content = &transaction->content;
    if (is_vouched_for(transaction) && content->chunk.length > 0)
        return vouched_chunk(content);
    const size_t n = promise(session, content);
    if (n > 0)
        return (struct chunk){.taken = n, .encoded = n, .is_promised = true};
    return measure(content);
}

/* A line a message: printf would cost more than the rest of it. */
static size_t append_number(char *line, size_t n, size_t number)
{
    char digits[24];
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(line + n, digits + first, sizeof digits - first);
    return n + sizeof digits - first;
}

static int pend_bdat_line(struct ph__session *session, const struct chunk *chunk, size_t owed)
{
    static const char last[] = " LAST";
    char line[48] = "BDAT ";
    size_t n = append_number(line, strlen(line), owed + chunk->encoded);
    if (chunk->is_last) {
        memcpy(line + n, last, sizeof last);
        n += sizeof last - 1;
    }
    line[n] = '\0';
    ph__session_trace(session, PH_TRACE_SENT, "%s", line);
    memcpy(line + n, "\r\n", 2);
    return ph__session_pend(session, (struct ph__slice){(const uint8_t *)line, n + 2}, NULL);
}

/* Pays what the chunk before had no room for. */
static int pend_owed_lf(struct ph__session *session, struct ph__transaction *transaction)
{
    static const struct ph__slice lf = {.bytes = (const uint8_t *)"\n", .length = 1};
    struct ph__content *content = &transaction->content;
    if (!content->owes_lf)
        return PH_OK;
    content->owes_lf = false;
    content->pended += lf.length;
    return ph__session_pend(session, lf, transaction);
}

static int begin_chunk(struct ph__session *session, struct ph__transaction *transaction,
                       struct ph__command *command)
{
    struct ph__content *content = &transaction->content;
    const struct chunk chunk = next_chunk(session, transaction);
    int status = pend_bdat_line(session, &chunk, content->owes_lf);
    if (status == PH_OK)
        status = pend_owed_lf(session, transaction);
    command->is_last = chunk.is_last;
    content->bdat_is_begun = true;
    content->is_promised = chunk.is_promised;
    content->bdat_rest = chunk.taken;
    if (!chunk.is_clean || status != PH_OK)
        return status;
    if (content->is_file)
        status = ph__session_pend_file(session, chunk.taken, transaction);
    else
        status = ph__session_pend(session, (struct ph__slice){content->chunk.bytes, chunk.taken},
                                  transaction);
    content->encoder = chunk.encoder;
    if (!content->is_file)
        content->chunk.bytes += chunk.taken;
    content->chunk.length -= chunk.taken;
    content->pended += chunk.taken;
    content->bdat_rest = 0;
    return status;
}

/* Pends more of the chunk that was begun. No byte becomes more than two: half as many as are left
 * to be said can never be too many. */
static int fill_chunk(struct ph__session *session, struct ph__transaction *transaction)
{
    struct ph__content *content = &transaction->content;
    const uint64_t before = content->pended;
    size_t max = content->bdat_rest;
    if (content->is_promised && max > 1)
        max = smaller(max / 2, clean_chunk);
    size_t taken = 0;
    const int status = encode(session, transaction, max, &taken);
    content->bdat_rest -= content->is_promised ? (size_t)(content->pended - before) : taken;
    return status;
}

static void end_chunk(struct ph__transaction *transaction, const struct ph__command *command)
{
    transaction->content.bdat_is_begun = false;
    transaction->content.is_promised = false;
    transaction->data_is_queued = command->is_last;
    transaction->end_is_queued = command->is_last;
}

static int build_bdat(struct ph__session *session, struct ph__transaction *transaction,
                      struct ph__command *command, bool *is_whole)
{
    struct ph__content *content = &transaction->content;
    int status = PH_OK;
    if (!content->bdat_is_begun) {
        if (content->chunk.length == 0 && !content->is_last_chunk)
            return PH_OK;
        status = begin_chunk(session, transaction, command);
    }
    while (status == PH_OK && content->bdat_rest > 0 && ph__session_has_room_to_pend(session))
        status = fill_chunk(session, transaction);
    if (status != PH_OK || content->bdat_rest > 0)
        return status;
    if (command->is_last) {
        const struct ph__slice line_end = ph__content_missing_line_end(&content->encoder);
        content->pended += line_end.length;
        status = ph__session_pend(session, line_end, transaction);
    }
    end_chunk(transaction, command);
    *is_whole = true;
    return status;
}

int ph__build_content(struct ph__session *session, struct ph__command *command, bool *is_whole)
{
    struct ph__transaction *transaction = ph__transaction_of(session, command);
    *is_whole = false;
    const int status = command->kind == PH__CMD_BDAT
                           ? build_bdat(session, transaction, command, is_whole)
                           : build_text(session, transaction, is_whole);
    if (status == PH_OK && transaction->content.encoder.problem) {
        *is_whole = false;
        ph__session_content_failed(session, transaction->content.encoder.problem);
    }
    return status;
}
