/* SPDX-License-Identifier: MIT */
/* The other end of a fuzzed session: what a server makes of what the session writes. */
#include "fuzz/session_wire.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"

void wire_init(struct wire *wire)
{
    memset(wire, 0, sizeof *wire);
    wire->may_mail = true;
    wire->awaited_count = 1; /* WIRE_OTHER: the greeting */
}

void wire_release(struct wire *wire)
{
    for (size_t i = 0; i < wire->count; i++)
        message_release(&wire->messages[i]);
}

size_t wire_unfinished(const struct wire *wire)
{
    return wire->count - wire->done;
}

/* ---- What is in flight ----------------------------------------------------------------------- */

static struct wire_awaited *awaited_at(struct wire *wire, size_t index)
{
    return &wire->awaited[(wire->awaited_first + index) % wire_in_flight_max];
}

static void await(struct wire *wire, enum wire_command command, struct message *message)
{
    REQUIRE(wire->awaited_count < wire_in_flight_max);
    struct wire_awaited *last = awaited_at(wire, wire->awaited_count++);
    last->command = command;
    last->message = message;
}

static void check_may_begin_line(struct wire *wire)
{
    REQUIRE(!wire->said_goodbye || wire_unfinished(wire) == 0);
    if (wire->awaited_count == 0)
        return;
    const struct wire_awaited *last = awaited_at(wire, wire->awaited_count - 1);
    REQUIRE(wire->settings.pipelining);
    REQUIRE(last->command != WIRE_OTHER && last->command != WIRE_DATA);
}

static void check_overlap(struct wire *wire, const struct message *message)
{
    uint64_t bytes = 0;
    size_t ends = 0;
    for (size_t i = 0; i < wire->awaited_count; i++)
        REQUIRE(wire->settings.overlap || awaited_at(wire, i)->message == message);
    for (size_t i = wire->done; i < wire->count; i++) {
        if (!message_awaits_end(&wire->messages[i]))
            continue;
        bytes += wire->messages[i].received.n;
        ends++;
    }
    REQUIRE(ends <= wire->settings.window);
    REQUIRE(ends < 2 || bytes < wire->settings.window_bytes);
}

/* ---- Command lines --------------------------------------------------------------------------- */

static bool takes(const char **at, const char *text)
{
    const size_t n = strlen(text);
    if (strncmp(*at, text, n) != 0)
        return false;
    *at += n;
    return true;
}

/* "m3@a": the sender says which message it is. */
static void take_mail(struct wire *wire, const char *at)
{
    char *end;
    const unsigned long number = strtoul(at, &end, 10);
    REQUIRE(number >= wire->done && number < wire->count);
    REQUIRE(strncmp(end, "@a>", 3) == 0);
    REQUIRE(wire->may_mail);
    wire->current = &wire->messages[number];
    message_begun_by_mail(wire->current);
    check_overlap(wire, wire->current);
    wire->may_mail = false;
    await(wire, WIRE_MAIL, wire->current);
}

static void take_rcpt(struct wire *wire, const char *at)
{
    struct message *message = wire->current;
    REQUIRE(message && message->has_envelope && !message->end_written);
    REQUIRE(message->recipients < message->envelope.recipient_count);
    const ph_address *to = message->envelope.recipients[message->recipients++];
    REQUIRE(takes(&at, ph_address_mailbox(to)) && *at == '>');
    await(wire, WIRE_RCPT, message);
}

static void take_data(struct wire *wire)
{
    struct message *message = wire->current;
    REQUIRE(message && !message->end_written);
    const struct ph__envelope *envelope = &message->envelope;
    REQUIRE(message->recipients == envelope->recipient_count);
    REQUIRE(!message->has_envelope || !wire->settings.chunking);
    REQUIRE(message_may_have_content(message) || envelope->policy == PH_RCPT_ANY ||
            envelope->recipient_count == 1);
    await(wire, WIRE_DATA, message);
}

static void end_chunk(struct wire *wire)
{
    wire->state = WIRE_LINE;
    await(wire, wire->chunk_is_last ? WIRE_BDAT_LAST : WIRE_BDAT, wire->current);
    if (!wire->chunk_is_last)
        return;
    message_chunks_ended(wire->current);
    wire->may_mail = true;
}

static void take_bdat(struct wire *wire, const char *at)
{
    struct message *message = wire->current;
    char *end;
    REQUIRE(message && message->has_envelope && !message->end_written && wire->settings.chunking);
    REQUIRE(message->recipients == message->envelope.recipient_count);
    REQUIRE(message_may_have_content(message) ||
            (wire->settings.window > 1 && message_is_blind(message)));
    REQUIRE(*at >= '0' && *at <= '9');
    wire->chunk_rest = strtoul(at, &end, 10);
    wire->chunk_is_last = strcmp(end, " LAST") == 0;
    REQUIRE(wire->chunk_is_last || *end == '\0');
    wire->state = WIRE_CHUNK;
    if (wire->chunk_rest == 0)
        end_chunk(wire);
}

/* Only the session's own commands are looked at: what callers say beside messages is theirs. */
static void take_line(struct wire *wire)
{
    const char *at = wire->line;
    if (wire_unfinished(wire) == 0) {
        wire->may_mail = true;
        await(wire, WIRE_OTHER, NULL);
    } else if (takes(&at, "MAIL FROM:<m")) {
        take_mail(wire, at);
    } else if (takes(&at, "RCPT TO:<")) {
        take_rcpt(wire, at);
    } else if (takes(&at, "BDAT ")) {
        take_bdat(wire, at);
    } else if (strcmp(at, "DATA") == 0) {
        take_data(wire);
    } else {
        REQUIRE(strcmp(at, "RSET") == 0);
        wire->may_mail = true;
        await(wire, WIRE_RSET, NULL);
    }
}

static void line_byte(struct wire *wire, uint8_t byte)
{
    const bool is_behind_cr = wire->n > 0 && wire->line[wire->n - 1] == '\r';
    if (wire->n == 0)
        check_may_begin_line(wire);
    REQUIRE((byte == '\n') == is_behind_cr);
    REQUIRE(byte == '\r' || byte == '\n' || (byte >= 0x20 && byte != 0x7f));
    REQUIRE(wire->n < sizeof wire->line);
    wire->line[wire->n++] = (char)byte;
    if (byte != '\n')
        return;
    wire->line[wire->n - 2] = '\0';
    wire->n = 0;
    take_line(wire);
}

/* ---- Content --------------------------------------------------------------------------------- */

static void text_byte(struct wire *wire, uint8_t byte)
{
    message_content_byte(wire->current, byte);
    if (!message_ends_in_dot(wire->current))
        return;
    message_text_ended(wire->current);
    REQUIRE(wire->current->is_void || message_may_have_content(wire->current));
    wire->state = WIRE_LINE;
    wire->may_mail = true;
    await(wire, WIRE_END, wire->current);
}

static void chunk_byte(struct wire *wire, uint8_t byte)
{
    message_content_byte(wire->current, byte);
    if (--wire->chunk_rest == 0)
        end_chunk(wire);
}

void wire_written(struct wire *wire, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        switch (wire->state) {
        case WIRE_LINE:
            line_byte(wire, bytes[i]);
            break;
        case WIRE_TEXT:
            text_byte(wire, bytes[i]);
            break;
        case WIRE_CHUNK:
            chunk_byte(wire, bytes[i]);
            break;
        }
    }
}

void wire_begin_data(struct wire *wire, struct message *message)
{
    wire->current = message;
    message->accepted = 1; /* as far as the session knows */
}

/* ---- Replies --------------------------------------------------------------------------------- */

static void mail_answered(struct wire *wire, struct message *message, int code)
{
    message->mail_code = code;
    if (code / 100 != 2 && message == wire->current)
        wire->may_mail = true;
}

static void rcpt_answered(struct message *message, int code)
{
    if (code / 100 == 2)
        message->accepted++;
    else
        message->refused++;
}

static void data_answered(struct wire *wire, int code)
{
    if (code / 100 != 3)
        return;
    REQUIRE(wire->state == WIRE_LINE && wire->n == 0 && wire->awaited_count == 0);
    wire->state = WIRE_TEXT;
}

bool wire_answered(struct wire *wire, int code)
{
    if (wire->awaited_count == 0)
        return false;
    const struct wire_awaited first = *awaited_at(wire, 0);
    wire->awaited_first++;
    wire->awaited_count--;
    if (code == 421 && first.message)
        wire->said_goodbye = first.message->was_dismissed = true;
    switch (first.command) {
    case WIRE_MAIL:
        mail_answered(wire, first.message, code);
        break;
    case WIRE_RCPT:
        rcpt_answered(first.message, code);
        break;
    case WIRE_DATA:
        data_answered(wire, code);
        break;
    case WIRE_BDAT:
        first.message->has_refused_chunk = first.message->has_refused_chunk || code / 100 != 2;
        break;
    case WIRE_BDAT_LAST:
    case WIRE_END:
        first.message->end_code = code;
        break;
    case WIRE_RSET:
    case WIRE_OTHER:
        break;
    }
    return true;
}
