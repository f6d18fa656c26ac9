/* SPDX-License-Identifier: MIT */
/* The steps of a fuzzed session that are about messages: submitting, cancelling, content. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <posthaste/error.h>

#include "base/allocator.h"
#include "fuzz/session_play.h"

enum {
    much = 1500 /* bytes, so that content is written from where it is */
};

/* ---- Submitting ------------------------------------------------------------------------------ */

static struct message *new_message(struct play *play)
{
    struct wire *wire = &play->wire;
    if (wire->count == messages_max)
        return NULL;
    struct message *message = &wire->messages[wire->count++];
    message_init(message);
    return message;
}

static void make_result(struct message *message)
{
    message->result = ph__result_new(ph__allocator_or_default(NULL),
                                     message->has_envelope ? &message->envelope : NULL);
    REQUIRE(message->result);
}

static void add_recipients(struct message *message, char *words)
{
    while (*words != '\0') {
        const size_t n = strcspn(words, " ");
        const bool is_final = words[n] == '\0';
        words[n] = '\0';
        ph_address *address;
        if (n > 0 && ph_address_new(words, NULL, &address) == PH_OK)
            REQUIRE(ph__envelope_add_recipient(&message->envelope, address) == PH_OK);
        words += n + (is_final ? 0 : 1);
    }
}

static void set_kind(struct message *message, unsigned kind)
{
    message->envelope.policy = kind % 2 ? PH_RCPT_ANY : PH_RCPT_ALL;
    message->envelope.body_type = (ph_body_type)(kind / 2 % 3);
    message->envelope.smtputf8 = kind / 6 % 2 ? PH_SMTPUTF8_RAW : PH_SMTPUTF8_REQUIRED;
    message->is_repeatable = kind / 12 % 2;
    message->envelope.line_ends = kind / 24 % 2 ? PH_LINE_ENDS_CRLF : PH_LINE_ENDS_ANY;
}

/* The sender says which message it is. */
static void set_from(struct message *message, size_t number)
{
    char from[32];
    ph_address *address;
    (void)snprintf(from, sizeof from, "m%zu@a", number);
    REQUIRE(ph_address_new(from, NULL, &address) == PH_OK);
    ph__envelope_set_from(&message->envelope, address);
}

void step_sends(struct play *play, const struct fuzz_line *line)
{
    struct message *message = new_message(play);
    if (!message)
        return;
    char *text = fuzz_string(line->bytes, line->n);
    set_kind(message, line->n > 0 ? line->bytes[0] : 0);
    set_from(message, play->wire.count - 1);
    add_recipients(message, line->n > 0 ? text + 1 : text);
    free(text);
    make_result(message);
    const struct ph__outgoing outgoing = {.envelope = &message->envelope,
                                          .result = message->result,
                                          .tag = message,
                                          .is_repeatable = message->is_repeatable};
    rules_message_submitted(&play->rules, ph__session_send(play->session, &outgoing));
}

void step_data(struct play *play, const struct fuzz_line *line)
{
    (void)line;
    struct message *message = new_message(play);
    if (!message)
        return;
    message->has_envelope = false;
    make_result(message);
    const int status = ph__session_data(play->session, message->result);
    REQUIRE(status != PH_OK || wire_unfinished(&play->wire) == 1);
    if (status == PH_OK)
        wire_begin_data(&play->wire, message);
    rules_message_submitted(&play->rules, status);
}

void step_cancels(struct play *play, const struct fuzz_line *line)
{
    const size_t unfinished = wire_unfinished(&play->wire);
    const size_t number = unfinished > 0 && line->n > 0 ? line->bytes[0] % unfinished : 0;
    struct message *message = &play->wire.messages[(play->wire.done + number) % messages_max];
    const void *tag = message->has_envelope ? message : NULL;
    const int status = ph__session_cancel(play->session, tag);
    REQUIRE(status == PH_OK || status == PH_ERR_STATE);
    if (status == PH_OK) {
        REQUIRE(unfinished > 0 && !message_awaits_end(message) && message->end_code / 100 != 2);
        message->was_cancelled = true;
    }
    play_pull_events(play);
}

/* ---- Content --------------------------------------------------------------------------------- */

/* @return the message whose content is awaited, or NULL */
static struct message *awaited_content(struct play *play)
{
    bool from_start;
    if (!ph__session_wants_content(play->session))
        return NULL;
    struct message *message = ph__session_content_tag(play->session, &from_start);
    if (!message) /* DATA alone */
        message = &play->wire.messages[play->wire.done];
    REQUIRE(message >= play->wire.messages + play->wire.done && !message->is_done);
    REQUIRE(from_start || message->lent.n > 0 || message->chunk);
    if (from_start)
        message->lent.n = 0;
    free(message->chunk); /* it wants more: the last piece is let go */
    message->chunk = NULL;
    return message;
}

static void lend(struct play *play, const struct fuzz_line *line, size_t times, bool is_last)
{
    struct message *message = awaited_content(play);
    struct bytes piece = {.at = NULL};
    if (!message)
        return;
    for (size_t i = 0; i < times && line->n > 0; i++) {
        const bool has_line_end = line->bytes[line->n - 1] == '$';
        bytes_add(&piece, line->bytes, line->n - (has_line_end ? 1 : 0));
        bytes_add(&piece, "\n", has_line_end ? 1 : 0);
    }
    message->chunk = fuzz_exact(piece.at, piece.n);
    message->gave_last = is_last;
    bytes_add(&message->lent, piece.at, piece.n);
    ph__session_content(play->session, message->chunk, piece.n, is_last);
    bytes_release(&piece);
}

void step_lends(struct play *play, const struct fuzz_line *line)
{
    lend(play, line, 1, false);
}

void step_lends_last(struct play *play, const struct fuzz_line *line)
{
    lend(play, line, 1, true);
}

void step_lends_much(struct play *play, const struct fuzz_line *line)
{
    lend(play, line, much / (line->n + 1), false);
}

void step_lends_much_last(struct play *play, const struct fuzz_line *line)
{
    lend(play, line, much / (line->n + 1), true);
}

/* The file is all line ends: where bytes of it stand makes no difference. */
static void lend_file(struct play *play, size_t n, bool is_last)
{
    if (!ph__session_takes_file(play->session))
        return;
    struct message *message = awaited_content(play);
    message->gave_last = is_last;
    message->chunk = fuzz_exact("", 0);
    for (size_t i = 0; i < n; i++)
        bytes_add(&message->lent, "\n", 1);
    ph__session_content_from_file(play->session, n, is_last);
}

void step_lends_file(struct play *play, const struct fuzz_line *line)
{
    lend_file(play, line->n, false);
}

void step_lends_file_last(struct play *play, const struct fuzz_line *line)
{
    lend_file(play, line->n, true);
}

void step_source_fails(struct play *play, const struct fuzz_line *line)
{
    (void)line;
    ph__session_content_failed(play->session, "its file is gone");
    play_pull_events(play);
}
