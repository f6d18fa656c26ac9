/* SPDX-License-Identifier: MIT */
/*
 * One mail transaction (RFC 5321 section 3.3): MAIL, RCPT for each recipient, DATA, the content.
 * Pipelined where the server allows it (RFC 2920). Whatever happens, the result says what became of
 * the message and of every recipient.
 */
#include "base/allocator.h"
#include "base/utf8.h"
#include "protocol/command_line.h"
#include "protocol/session_state.h"

/* ---- Beginning ------------------------------------------------------------------------------- */

/* Refuses to begin: nothing was sent. */
static int decline(struct ph__session *session, ph_result *result, int status)
{
    session->has_operation = false;
    ph__result_note_error(result, &session->error);
    return status;
}

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
                            struct ph__mail_declaration *declares)
{
    const bool has_8bitmime = ph_capabilities_has(session->capabilities, "8BITMIME");
    const bool is_international = ph__envelope_needs_smtputf8(envelope);
    const bool has_smtputf8 = ph_capabilities_has(session->capabilities, "SMTPUTF8");
    if (envelope->body_type == PH_BODY_8BITMIME && !has_8bitmime)
        return ph__error_set(&session->error, PH_ERR_UNSUPPORTED, PH_PHASE_MAIL,
                             "%s does not offer 8BITMIME, which this message was declared to need; "
                             "encode it as 7-bit text, or declare nothing",
                             session->server);
    if (is_international && !has_smtputf8 && envelope->smtputf8 == PH_SMTPUTF8_REQUIRED)
        return ph__error_set(&session->error, PH_ERR_UNSUPPORTED, PH_PHASE_MAIL,
                             "%s does not offer SMTPUTF8, without which it cannot take the address "
                             "<%s>; nothing was sent",
                             session->server, international_mailbox(envelope));
    if (has_8bitmime && envelope->body_type != PH_BODY_UNDECLARED)
        declares->body = envelope->body_type == PH_BODY_7BIT ? "7BIT" : "8BITMIME";
    declares->smtputf8 = is_international && has_smtputf8;
    return PH_OK;
}

int ph__session_send(struct ph__session *session, const struct ph__envelope *envelope,
                     ph_result *result)
{
    int status = ph__session_take_operation(session, PH__STATE_OPEN);
    if (status != PH_OK) {
        ph__result_note_error(result, &session->error);
        return status;
    }
    if (envelope->recipient_count == 0) {
        status = ph__error_set(&session->error, PH_ERR_ARGUMENT, PH_PHASE_RCPT,
                               "mail destination not given: the message has no recipient; nothing "
                               "was sent");
        return decline(session, result, status);
    }
    struct ph__mail_declaration declares = {.body = NULL};
    status = check_extensions(session, envelope, &declares);
    if (status != PH_OK)
        return decline(session, result, status);
    session->transaction =
        (struct ph__transaction){.envelope = envelope, .result = result, .declares = declares};
    session->content.end_was_written = false;
    ph__session_queue(session, PH__CMD_MAIL, 0);
    ph__transaction_feed(session);
    return PH_OK;
}

int ph__session_data(struct ph__session *session, ph_result *result)
{
    const int status = ph__session_take_operation(session, PH__STATE_OPEN);
    if (status != PH_OK) {
        ph__result_note_error(result, &session->error);
        return status;
    }
    session->transaction = (struct ph__transaction){.result = result, .data_is_queued = true};
    session->content.end_was_written = false;
    ph__session_queue(session, PH__CMD_DATA, 0);
    return PH_OK;
}

/* ---- Queueing -------------------------------------------------------------------------------- */

/* DATA may go along with RCPT if one refusal cannot mean that others must not get the message. */
static bool may_queue_data(const struct ph__transaction *transaction)
{
    const struct ph__envelope *envelope = transaction->envelope;
    const size_t count = envelope->recipient_count;
    if (transaction->data_is_queued || transaction->next_recipient < count)
        return false;
    return envelope->policy == PH_RCPT_ANY || count == 1 || transaction->answered_count == count;
}

void ph__transaction_feed(struct ph__session *session)
{
    struct ph__transaction *transaction = &session->transaction;
    if (!transaction->result || !transaction->envelope || transaction->has_failed)
        return;
    /* One place stays free for what a handler queues: DATA, RSET or the content. */
    while (transaction->next_recipient < transaction->envelope->recipient_count &&
           ph__session_queue_room(session) > 1)
        ph__session_queue(session, PH__CMD_RCPT, transaction->next_recipient++);
    if (may_queue_data(transaction) && ph__session_queue_room(session) > 1) {
        ph__session_queue(session, PH__CMD_DATA, 0);
        transaction->data_is_queued = true;
    }
}

int ph__build_mail(struct ph__session *session, const struct ph__command *command,
                   struct ph__buffer *out)
{
    (void)command;
    const struct ph__transaction *transaction = &session->transaction;
    const struct ph__mail_extensions extensions = {.body = transaction->declares.body,
                                                   .smtputf8 = transaction->declares.smtputf8};
    return ph__mail_line(out, transaction->envelope->from, &extensions);
}

int ph__build_rcpt(struct ph__session *session, const struct ph__command *command,
                   struct ph__buffer *out)
{
    return ph__rcpt_line(out, session->transaction.envelope->recipients[command->recipient]);
}

/* ---- Ending ---------------------------------------------------------------------------------- */

static void done(struct ph__session *session)
{
    struct ph__transaction *transaction = &session->transaction;
    ph_result *result = transaction->result;
    int status = PH_OK;
    if (transaction->has_failed) {
        /* The result has it: a call out of turn may have written over the session's error. */
        ph__error_copy(&session->error, &result->error);
        status = session->error.view.status;
    } else {
        ph__error_clear(&session->error); /* of recipients that the policy does not mind */
        ph__error_clear(&result->error);
    }
    transaction->result = NULL;
    ph__session_end_operation(session, PH__EVENT_MESSAGE_DONE, status);
}

/* A failed transaction ends when every reply has come, and the server has forgotten it. */
static void settle(struct ph__session *session)
{
    struct ph__transaction *transaction = &session->transaction;
    if (session->in_flight > 0)
        return;
    if (!transaction->needs_reset) {
        done(session);
        return;
    }
    transaction->needs_reset = false;
    ph__session_queue(session, PH__CMD_RESET, 0);
}

static void note_refusal(struct ph__session *session, const struct ph__command *command,
                         const ph_reply *reply)
{
    (void)ph__session_refused(session, command, reply);
    ph__result_note_error(session->transaction.result, &session->error);
}

/* The refusal has been noted. 421 is the server's last word: it takes no RSET any more (RFC 5321
 * section 3.8). */
static void fail(struct ph__session *session, const ph_reply *reply)
{
    struct ph__transaction *transaction = &session->transaction;
    transaction->has_failed = true;
    if (reply->code == 421)
        transaction->needs_reset = false;
    ph__session_drop_unsent(session);
    settle(session);
}

void ph__transaction_broken(struct ph__session *session)
{
    struct ph__transaction *transaction = &session->transaction;
    ph_result *result = transaction->result;
    if (!result)
        return;
    const bool may_have_it = session->content.end_was_written && !transaction->sends_no_content;
    result->outcome = may_have_it ? PH_OUTCOME_UNKNOWN : PH_OUTCOME_NOT_SENT;
    if (may_have_it)
        ph__error_add(&session->error,
                      "; the message had been sent to its end, so %s may have it "
                      "or not: sending it again may deliver it twice",
                      session->server);
    session->error.view.outcome = result->outcome;
    if (!transaction->has_failed) /* a refusal that came before says more */
        ph__result_note_error(result, &session->error);
    transaction->result = NULL;
}

/* ---- Replies --------------------------------------------------------------------------------- */

void ph__answered_mail(struct ph__session *session, const struct ph__command *command,
                       const ph_reply *reply)
{
    if (ph_reply_is_success(reply)) {
        session->transaction.needs_reset = true;
        return;
    }
    note_refusal(session, command, reply);
    fail(session, reply);
}

/* @return those who answered leave nobody, or not all, to send to */
static bool recipients_failed(const struct ph__transaction *transaction)
{
    const ph_result *result = transaction->result;
    if (transaction->answered_count < transaction->envelope->recipient_count)
        return false;
    return transaction->envelope->policy == PH_RCPT_ALL ? result->refused_count > 0
                                                        : result->accepted_count == 0;
}

void ph__answered_rcpt(struct ph__session *session, const struct ph__command *command,
                       const ph_reply *reply)
{
    struct ph__transaction *transaction = &session->transaction;
    if (ph_reply_is_success(reply))
        transaction->has_recipients = true;
    if (transaction->has_failed) {
        /* Pipelined behind a refused MAIL: says nothing of its own, unless it was added to a
         * transaction that the server had begun before. */
        transaction->needs_reset = transaction->needs_reset || ph_reply_is_success(reply);
        settle(session);
        return;
    }
    transaction->answered_count++;
    /* Without memory for its words, the recipient's state is kept all the same. */
    (void)ph__result_note_recipient(transaction->result, command->recipient, reply);
    if (!ph_reply_is_success(reply) && transaction->result->refused_count == 1)
        note_refusal(session, command, reply);
    if (reply->code == 421 || recipients_failed(transaction))
        fail(session, reply);
    else
        ph__transaction_feed(session);
}

static void begin_content(struct ph__session *session)
{
    const struct ph__transaction *transaction = &session->transaction;
    const ph_body_type type =
        transaction->envelope ? transaction->envelope->body_type : PH_BODY_UNDECLARED;
    session->content = (struct ph__content){.is_last_chunk = transaction->sends_no_content};
    ph__content_encoder_init(&session->content.encoder, type);
    ph__session_queue(session, PH__CMD_CONTENT, 0);
}

/* The server awaits content for somebody in a transaction that has failed: whatever ends the
 * content, even the dot alone, would deliver a message that nobody meant. */
static void break_off(struct ph__session *session)
{
    ph__error_copy(&session->error, &session->transaction.result->error);
    ph__error_add(&session->error,
                  "; %s asked for the message all the same, so the connection is "
                  "dropped",
                  session->server);
    ph__session_break(session);
}

void ph__answered_data(struct ph__session *session, const struct ph__command *command,
                       const ph_reply *reply)
{
    struct ph__transaction *transaction = &session->transaction;
    if (ph_reply_is_continue(reply) && transaction->has_failed && transaction->has_recipients) {
        break_off(session);
        return;
    }
    if (ph_reply_is_continue(reply)) {
        /* Nobody is left to send to, but the server waits for content (RFC 2920 section 3.1). */
        transaction->sends_no_content = transaction->has_failed;
        begin_content(session);
        return;
    }
    if (transaction->has_failed) {
        settle(session);
        return;
    }
    note_refusal(session, command, reply);
    fail(session, reply);
}

void ph__answered_content(struct ph__session *session, const struct ph__command *command,
                          const ph_reply *reply)
{
    struct ph__transaction *transaction = &session->transaction;
    session->content.end_was_written = false; /* its reply is here */
    if (!transaction->sends_no_content) {
        (void)ph__result_note_reply(transaction->result, reply);
        if (ph_reply_is_success(reply)) {
            transaction->result->outcome = PH_OUTCOME_SENT;
        } else {
            note_refusal(session, command, reply);
            transaction->has_failed = true;
        }
    }
    done(session);
}

void ph__answered_reset(struct ph__session *session, const struct ph__command *command,
                        const ph_reply *reply)
{
    (void)command;
    (void)reply;
    done(session);
}
