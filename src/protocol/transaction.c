/* SPDX-License-Identifier: MIT */
/*
 * Mail transactions (RFC 5321 section 3.3) on their way out: MAIL, RCPT for each recipient, DATA or
 * BDAT. Pipelined where the server allows it (RFC 2920), and each behind the end of the one before.
 * What replies mean is in transaction_replies.c, how transactions end in transaction_end.c.
 */
#include "base/allocator.h"
#include "base/ring.h"
#include "protocol/command_line.h"
#include "protocol/session_state.h"

struct ph__transaction *ph__transaction_at(const struct ph__session *session, size_t index)
{
    return &session->transactions[ph__ring_at(session->transactions_head, index,
                                              session->transactions_size)];
}

struct ph__transaction *ph__transaction_of(const struct ph__session *session,
                                           const struct ph__command *command)
{
    return &session->transactions[command->slot];
}

/* ---- Beginning ------------------------------------------------------------------------------- */

static const char *international_mailbox(const struct ph__envelope *envelope)
{
    if (envelope->from && ph_address_needs_smtputf8(envelope->from))
        return ph_address_mailbox(envelope->from);
    size_t i = 0;
    while (!ph_address_needs_smtputf8(envelope->recipients[i]))
        i++;
    return ph_address_mailbox(envelope->recipients[i]);
}

/* Sees whether the server offers what the envelope needs. */
static int check_extensions(struct ph__session *session, const struct ph__envelope *envelope,
                            struct ph__declared *declares)
{
    const bool has_8bitmime = envelope->body_type != PH_BODY_UNDECLARED &&
                              ph_capabilities_has(session->capabilities, "8BITMIME");
    const bool is_international = ph__envelope_needs_smtputf8(envelope);
    const bool has_smtputf8 =
        is_international && ph_capabilities_has(session->capabilities, "SMTPUTF8");
    if (envelope->body_type == PH_BODY_8BITMIME && !has_8bitmime)
        return ph__error_set(&session->error, PH_ERR_UNSUPPORTED, PH_PHASE_MAIL,
                             "%s does not offer 8BITMIME, which this message was declared to need; "
                             "encode it as 7-bit text, or declare nothing",
                             session->config->server);
    if (is_international && !has_smtputf8 && envelope->smtputf8 == PH_SMTPUTF8_REQUIRED)
        return ph__error_set(&session->error, PH_ERR_UNSUPPORTED, PH_PHASE_MAIL,
                             "%s does not offer SMTPUTF8, without which it cannot take the address "
                             "<%s>; nothing was sent",
                             session->config->server, international_mailbox(envelope));
    declares->body = has_8bitmime;
    declares->smtputf8 = has_smtputf8;
    return PH_OK;
}

static uint32_t transactions_max(const struct ph__session *session)
{
    return session->window > ph__transactions_min ? session->window : ph__transactions_min;
}

size_t ph__session_room(const struct ph__session *session)
{
    return transactions_max(session) - session->transactions_count;
}

/* Begins as an operation does, unless another message is under way. */
static int take_message(struct ph__session *session)
{
    if (session->transactions_count == 0 || session->state == PH__STATE_BROKEN) {
        const int status = ph__session_take_operation(session, PH__STATE_OPEN);
        if (status == PH_OK)
            session->has_operation = false; /* the transactions themselves say what is under way */
        return status;
    }
    if (ph__session_room(session) == 0)
        return ph__error_set(&session->error, PH_ERR_FULL, PH_PHASE_NONE,
                             "as many messages are under way as may be");
    return PH_OK;
}

/* Only a session that sends has room for a message, and only one that overlaps them for more. What
 * grows is a ring of one: its place stays the first. */
static int make_room(struct ph__session *session)
{
    if (session->transactions_count < session->transactions_size)
        return PH_OK;
    const uint32_t size = session->transactions ? transactions_max(session) : 1;
    struct ph__transaction *grown = ph__reallocate_array(
        session->config->allocator, session->transactions, size, sizeof *session->transactions);
    if (!grown)
        return ph__error_set(&session->error, PH_ERR_NO_MEMORY, PH_PHASE_MAIL, "out of memory");
    session->transactions = grown;
    session->transactions_size = size;
    return PH_OK;
}

static int begin(struct ph__session *session, const struct ph__outgoing *outgoing)
{
    const struct ph__envelope *envelope = outgoing->envelope;
    struct ph__declared declares = {.body = false};
    int status = take_message(session);
    if (status == PH_OK && envelope && envelope->recipient_count == 0)
        status = ph__error_set(&session->error, PH_ERR_ARGUMENT, PH_PHASE_RCPT,
                               "mail destination not given: the message has no recipient; nothing "
                               "was sent");
    if (status == PH_OK && envelope)
        status = check_extensions(session, envelope, &declares);
    if (status == PH_OK)
        status = make_room(session);
    if (status != PH_OK) {
        ph__result_note_error(outgoing->result, &session->error);
        return status;
    }
    struct ph__transaction *transaction =
        ph__transaction_at(session, session->transactions_count++);
    *transaction = (struct ph__transaction){
        .envelope = envelope,
        .result = outgoing->result,
        .tag = outgoing->tag,
        .declares = declares,
        .is_repeatable = outgoing->is_repeatable,
        .uses_bdat = envelope && (session->features & PH_FEATURE_CHUNKING),
    };
    return PH_OK;
}

int ph__session_send(struct ph__session *session, const struct ph__outgoing *outgoing)
{
    const int status = begin(session, outgoing);
    if (status == PH_OK)
        ph__transactions_feed(session);
    return status;
}

int ph__session_data(struct ph__session *session, ph_result *result)
{
    if (session->transactions_count > 0) {
        const int refusal = ph__session_take_operation(session, PH__STATE_OPEN);
        ph__result_note_error(result, &session->error);
        return refusal;
    }
    const struct ph__outgoing outgoing = {.result = result};
    const int status = begin(session, &outgoing);
    if (status != PH_OK)
        return status;
    struct ph__transaction *transaction = ph__transaction_at(session, 0);
    transaction->has_recipients = true; /* as far as anybody here knows */
    transaction->data_is_queued = true;
    ph__transaction_queue(session, transaction, PH__CMD_DATA, 0);
    return PH_OK;
}

/* ---- Queueing -------------------------------------------------------------------------------- */

void ph__transaction_queue(struct ph__session *session, struct ph__transaction *transaction,
                           unsigned kind, size_t recipient)
{
    const size_t slot = (size_t)(transaction - session->transactions);
    transaction->queued_count++;
    ph__session_append(session, (struct ph__command){.kind = (uint8_t)kind,
                                                     .slot = (uint16_t)slot,
                                                     .recipient = (uint32_t)recipient});
}

bool ph__transaction_owns(const struct ph__command *command)
{
    return command->kind >= PH__CMD_MAIL && command->kind <= PH__CMD_RESET;
}

void ph__transaction_popped(struct ph__session *session, const struct ph__command *command)
{
    if (ph__transaction_owns(command))
        ph__transaction_of(session, command)->queued_count--;
}

static bool may_fly_blind(const struct ph__session *session,
                          const struct ph__transaction *transaction)
{
    const struct ph__envelope *envelope = transaction->envelope;
    return session->window > 1 && transaction->uses_bdat && transaction->is_repeatable &&
           (envelope->policy == PH_RCPT_ANY || envelope->recipient_count == 1);
}

/* DATA may go along with RCPT if one refusal cannot mean that others must not get the message.
 * BDAT, which brings the content along, must wait, unless the server is known as good. */
static bool may_queue_content(const struct ph__session *session,
                              const struct ph__transaction *transaction)
{
    const struct ph__envelope *envelope = transaction->envelope;
    const size_t count = envelope->recipient_count;
    if (transaction->data_is_queued || transaction->end_is_queued ||
        transaction->next_recipient < count)
        return false;
    if (transaction->answered_count == count)
        return true;
    if (transaction->uses_bdat)
        return may_fly_blind(session, transaction);
    return envelope->policy == PH_RCPT_ANY || count == 1;
}

static void begin_bdat(struct ph__transaction *transaction)
{
    if (transaction->content.was_begun)
        return;
    transaction->content = (struct ph__content){.is_last_chunk = false};
    ph__content_encoder_init_unstuffed(&transaction->content.encoder,
                                       transaction->envelope->body_type);
}

/* A BDAT that fails leaves the server's state open until RSET (RFC 3030 section 2): some refuse the
 * next MAIL then, but add its recipients to the old transaction and take the content for it. Where
 * content does not wait for the replies to its envelope, nobody knows in time, so RSET goes along.
 */
static bool must_clear(const struct ph__session *session, const struct ph__transaction *transaction)
{
    return may_fly_blind(session, transaction) && session->queue_count > 0 &&
           ph__session_queue_at(session, session->queue_count - 1)->kind != PH__CMD_RESET &&
           transaction != ph__transaction_at(session, 0);
}

static void feed(struct ph__session *session, struct ph__transaction *transaction)
{
    const size_t count = transaction->envelope->recipient_count;
    if (!transaction->mail_is_queued && ph__session_has_room_to_queue(session, 2)) {
        if (must_clear(session, transaction))
            ph__transaction_queue(session, transaction, PH__CMD_CLEAR, 0);
        ph__transaction_queue(session, transaction, PH__CMD_MAIL, 0);
        transaction->mail_is_queued = true;
    }
    while (transaction->mail_is_queued && transaction->next_recipient < count &&
           ph__session_has_room_to_queue(session, 1))
        ph__transaction_queue(session, transaction, PH__CMD_RCPT, transaction->next_recipient++);
    if (!may_queue_content(session, transaction) || !ph__session_has_room_to_queue(session, 1))
        return;
    if (transaction->uses_bdat)
        begin_bdat(transaction);
    ph__transaction_queue(session, transaction,
                          transaction->uses_bdat ? PH__CMD_BDAT : PH__CMD_DATA, 0);
    transaction->data_is_queued = true;
}

/* Feeds a transaction that has not ended. @return it is queued to its end, or to the RSET that
 * clears it away (which may stand anywhere in a group: RFC 2920 section 3.1); another may follow */
static bool feed_to_its_end(struct ph__session *session, struct ph__transaction *transaction)
{
    const bool overlaps = session->features & PH_FEATURE_OVERLAP;
    if (transaction->has_failed)
        return transaction->is_resetting && overlaps;
    if (transaction->must_restart) {
        if (session->queue_count == 0)
            ph__transaction_queue(session, transaction, PH__CMD_RESET, 0);
        return false;
    }
    if (transaction->envelope)
        feed(session, transaction);
    return transaction->end_is_queued && overlaps;
}

static bool window_is_full(const struct ph__session *session)
{
    return session->window > 1 && session->bytes_in_flight >= session->window_bytes;
}

void ph__transactions_feed(struct ph__session *session)
{
    while (session->fed_count < session->transactions_count &&
           (session->fed_count == 0 || !window_is_full(session))) {
        struct ph__transaction *transaction = ph__transaction_at(session, session->fed_count);
        if (!transaction->is_ended && !feed_to_its_end(session, transaction))
            return;
        transaction->content.in_flight = transaction->content.pended;
        session->bytes_in_flight += transaction->content.in_flight;
        session->fed_count++;
    }
}

void ph__transactions_forget_first(struct ph__session *session)
{
    if (session->fed_count > 0) {
        session->fed_count--;
        session->bytes_in_flight -= ph__transaction_at(session, 0)->content.in_flight;
    }
    session->transactions_head =
        (uint32_t)ph__ring_next(session->transactions_head, session->transactions_size);
    session->transactions_count--;
    if (session->state == PH__STATE_OPEN)
        ph__transactions_feed(session); /* the window may have room again */
}

static void take_back(struct ph__transaction *transaction, const struct ph__command *command)
{
    transaction->queued_count--;
    if (command->kind == PH__CMD_MAIL)
        transaction->mail_is_queued = false;
    else if (command->kind == PH__CMD_RCPT)
        transaction->next_recipient = command->recipient;
    else if (command->kind == PH__CMD_DATA || command->kind == PH__CMD_BDAT)
        transaction->data_is_queued = false;
}

void ph__transactions_drop_unbuilt(struct ph__session *session)
{
    session->fed_count = 0; /* what was fed may have to be fed again */
    session->bytes_in_flight = 0;
    while (session->queue_count > session->built_count) {
        const struct ph__command *last = ph__session_queue_at(session, session->queue_count - 1);
        struct ph__transaction *transaction = ph__transaction_of(session, last);
        /* DATA alone is queued once, when it is submitted. */
        if (last->kind == PH__CMD_RESET || last->kind == PH__CMD_CONTENT ||
            !transaction->envelope ||
            (last->kind == PH__CMD_BDAT && transaction->content.bdat_is_begun))
            return;
        take_back(transaction, last);
        session->queue_count--;
    }
}

/* ---- Lines ----------------------------------------------------------------------------------- */

int ph__build_mail(struct ph__session *session, const struct ph__command *command,
                   struct ph__buffer *out)
{
    const struct ph__transaction *transaction = ph__transaction_of(session, command);
    const struct ph__envelope *envelope = transaction->envelope;
    struct ph__mail_extensions extensions = {.smtputf8 = transaction->declares.smtputf8};
    if (transaction->declares.body)
        extensions.body = envelope->body_type == PH_BODY_7BIT ? "7BIT" : "8BITMIME";
    return ph__mail_line(out, envelope->from, &extensions);
}

int ph__build_rcpt(struct ph__session *session, const struct ph__command *command,
                   struct ph__buffer *out)
{
    const struct ph__transaction *transaction = ph__transaction_of(session, command);
    return ph__rcpt_line(out, transaction->envelope->recipients[command->recipient]);
}
