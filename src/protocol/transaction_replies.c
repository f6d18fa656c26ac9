/* SPDX-License-Identifier: MIT */
/* What replies mean for the transaction whose commands they answer. */
#include <string.h>

#include "protocol/session_state.h"

static void note_refusal(struct ph__session *session, const struct ph__command *command,
                         const ph_reply *reply)
{
    (void)ph__session_refused(session, command, reply);
    ph__result_note_error(ph__transaction_of(session, command)->result, &session->error);
}

/* 421 is the server's last word: it takes no RSET any more (RFC 5321 section 3.8). */
static bool is_last_word(const ph_reply *reply)
{
    return reply->code == 421;
}

/* The refusal is no word on this message: the server holds on to the one before, whose BDAT it
 * refused, until RSET (RFC 3030 section 2). */
static bool means_old_transaction(const struct ph__session *session,
                                  const struct ph__transaction *transaction, const ph_reply *reply)
{
    return reply->code == 503 && session->bdat_failed && !transaction->has_restarted &&
           !transaction->has_failed;
}

void ph__answered_clear(struct ph__session *session, const struct ph__command *command,
                        const ph_reply *reply)
{
    struct ph__transaction *transaction = ph__transaction_of(session, command);
    if (ph_reply_is_success(reply))
        session->bdat_failed = false;
    if (transaction->has_failed)
        ph__transaction_settle(session, transaction);
}

void ph__answered_mail(struct ph__session *session, const struct ph__command *command,
                       const ph_reply *reply)
{
    struct ph__transaction *transaction = ph__transaction_of(session, command);
    if (ph_reply_is_success(reply)) {
        transaction->needs_reset = true;
        session->bdat_failed = false;
        if (transaction->has_failed)
            ph__transaction_settle(session, transaction);
    } else if (transaction->has_failed) {
        ph__transaction_settle(session, transaction);
    } else if (means_old_transaction(session, transaction, reply)) {
        transaction->must_restart = true;
        ph__transactions_drop_unbuilt(session);
    } else {
        note_refusal(session, command, reply);
        ph__transaction_fail(session, transaction, is_last_word(reply));
    }
}

/* @return those who answered leave nobody, or not all, to send to */
static bool recipients_failed(const struct ph__transaction *transaction)
{
    const size_t refused = transaction->result->refused_count;
    if (transaction->answered_count < transaction->envelope->recipient_count)
        return false;
    return transaction->envelope->policy == PH_RCPT_ALL ? refused > 0
                                                        : refused == transaction->answered_count;
}

void ph__answered_rcpt(struct ph__session *session, const struct ph__command *command,
                       const ph_reply *reply)
{
    struct ph__transaction *transaction = ph__transaction_of(session, command);
    if (ph_reply_is_success(reply))
        transaction->has_recipients = true;
    if (transaction->has_failed || transaction->must_restart) {
        /* Pipelined behind a refused MAIL: says nothing of its own, unless it was added to a
         * transaction that the server had begun before. */
        transaction->needs_reset = transaction->needs_reset || ph_reply_is_success(reply);
        ph__transaction_settle(session, transaction);
        return;
    }
    transaction->answered_count++;
    /* Without memory for its words, the recipient's state is kept all the same. */
    (void)ph__result_note_recipient(transaction->result, command->recipient, reply);
    if (!ph_reply_is_success(reply) && transaction->result->refused_count == 1)
        note_refusal(session, command, reply);
    if (is_last_word(reply) || recipients_failed(transaction))
        ph__transaction_fail(session, transaction, is_last_word(reply));
}

static void begin_content(struct ph__session *session, struct ph__transaction *transaction)
{
    const ph_body_type type =
        transaction->envelope ? transaction->envelope->body_type : PH_BODY_UNDECLARED;
    const bool is_empty = transaction->sends_no_content;
    transaction->content = (struct ph__content){.is_last_chunk = is_empty, .was_begun = is_empty};
    ph__content_encoder_init(&transaction->content.encoder, type);
    ph__transaction_queue(session, transaction, PH__CMD_CONTENT, 0);
    transaction->end_is_queued = true;
}

/* The server awaits content for somebody in a transaction that has failed: whatever ends the
 * content, even the dot alone, would deliver a message that nobody meant. */
static void break_off(struct ph__session *session, const struct ph__transaction *transaction)
{
    ph__error_copy(&session->error, &transaction->result->error);
    ph__error_add(&session->error,
                  "; %s asked for the message all the same, so the connection is "
                  "dropped",
                  session->config->server);
    ph__session_break_for(session, transaction);
}

void ph__answered_data(struct ph__session *session, const struct ph__command *command,
                       const ph_reply *reply)
{
    struct ph__transaction *transaction = ph__transaction_of(session, command);
    const bool is_void = transaction->has_failed || transaction->must_restart;
    if (ph_reply_is_continue(reply) && is_void && transaction->has_recipients) {
        break_off(session, transaction);
    } else if (ph_reply_is_continue(reply)) {
        /* Nobody is left to send to, but the server waits for content (RFC 2920 section 3.1). */
        transaction->sends_no_content = is_void;
        begin_content(session, transaction);
    } else if (is_void) {
        ph__transaction_settle(session, transaction);
    } else {
        note_refusal(session, command, reply);
        ph__transaction_fail(session, transaction, is_last_word(reply));
    }
}

/* The server's word on the whole message. */
static void answered_end(struct ph__session *session, const struct ph__command *command,
                         const ph_reply *reply)
{
    struct ph__transaction *transaction = ph__transaction_of(session, command);
    (void)ph__result_note_reply(transaction->result, reply);
    if (ph_reply_is_success(reply)) {
        transaction->result->outcome = PH_OUTCOME_SENT;
    } else {
        note_refusal(session, command, reply);
        transaction->has_failed = true;
    }
}

/* Neither taken nor refused (RFC 5321 section 4.3.2): it may be a second 354, with the word on the
 * message still to come, which would then be taken for an answer to what is sent next. */
static bool is_no_word_on_message(const ph_reply *reply)
{
    return !ph_reply_is_success(reply) && ph_reply_error_class(reply) == PH_ERR_UNKNOWN;
}

static void break_off_without_word(struct ph__session *session,
                                   const struct ph__transaction *transaction, const ph_reply *reply)
{
    (void)ph__result_note_reply(transaction->result, reply);
    (void)ph__error_set(&session->error, PH_ERR_UNKNOWN, PH_PHASE_BODY,
                        "%s answered the message with %d, which neither takes nor refuses it, so "
                        "the connection is dropped",
                        session->config->server, reply->code);
    ph__error_set_reply(&session->error, reply->code, ph_reply_enhanced_code(reply),
                        ph_reply_text(reply));
    ph__session_break_for(session, transaction);
}

void ph__answered_content(struct ph__session *session, const struct ph__command *command,
                          const ph_reply *reply)
{
    struct ph__transaction *transaction = ph__transaction_of(session, command);
    if (is_no_word_on_message(reply) && !transaction->sends_no_content) {
        break_off_without_word(session, transaction, reply);
        return;
    }
    transaction->content.end_was_written = false; /* its reply is here */
    transaction->needs_reset = false;
    if (!transaction->sends_no_content)
        answered_end(session, command, reply);
    if (!transaction->must_restart)
        ph__transaction_done(transaction);
}

/* The server refused what came before the end of the content, and took that all the same. */
static bool took_what_it_refused(const struct ph__transaction *transaction,
                                 const struct ph__command *command, const ph_reply *reply)
{
    return command->is_last && ph_reply_is_success(reply) &&
           (transaction->must_restart || (transaction->has_failed && transaction->has_recipients));
}

/* How much it has, for whom, and from whom, only the server knows. Sent anew, the message might
 * arrive twice. */
static void note_taken_in_spite_of_refusal(struct ph__session *session,
                                           struct ph__transaction *transaction,
                                           const ph_reply *reply)
{
    (void)ph__result_note_reply(transaction->result, reply);
    if (transaction->must_restart)
        (void)ph__error_set(&session->error, PH_ERR_PROTOCOL, PH_PHASE_BODY,
                            "%s refused MAIL, but took the content behind it: the message may have "
                            "been delivered, from the sender of the one before",
                            session->config->server);
    else
        (void)ph__error_set(&session->error, PH_ERR_PROTOCOL, PH_PHASE_BODY,
                            "%s took the end of the message although it had refused what came "
                            "before it: the message may have been delivered, whole or in part (%s)",
                            session->config->server, transaction->result->error.view->message);
    ph__result_note_error(transaction->result, &session->error);
    transaction->result->outcome = PH_OUTCOME_UNKNOWN;
    ph__error_set_outcome(&transaction->result->error, PH_OUTCOME_UNKNOWN);
    transaction->must_restart = false;
    transaction->has_failed = true;
}

/* 500 and 502 mean a command that is not known (RFC 5321 section 4.2.4), unless more was said. */
static bool does_not_know(const ph_reply *reply)
{
    const char *enhanced = ph_reply_enhanced_code(reply);
    return (reply->code == 500 || reply->code == 502) &&
           (!enhanced || strncmp(enhanced, "5.5.", 4) == 0);
}

/* The server offered CHUNKING, and takes the content for commands, whose replies would be taken for
 * those to what is in flight behind it. */
static void break_off_chunking(struct ph__session *session,
                               const struct ph__transaction *transaction, const ph_reply *reply)
{
    (void)ph__result_note_reply(transaction->result, reply);
    (void)ph__error_set(&session->error, PH_ERR_PROTOCOL, PH_PHASE_BODY,
                        "%s offers CHUNKING, but does not know BDAT and reads content as commands, "
                        "so the connection is dropped; the next ones go without CHUNKING",
                        session->config->server);
    ph__error_set_reply(&session->error, reply->code, ph_reply_enhanced_code(reply),
                        ph_reply_text(reply));
    session->refuses_chunking = true;
    ph__session_break_for(session, transaction);
}

/* A failed BDAT leaves the server's state open until RSET; chunks behind it are discarded
 * (RFC 3030 section 2). */
void ph__answered_bdat(struct ph__session *session, const struct ph__command *command,
                       const ph_reply *reply)
{
    struct ph__transaction *transaction = ph__transaction_of(session, command);
    const bool is_success = ph_reply_is_success(reply);
    if (command->is_last && is_no_word_on_message(reply)) {
        break_off_without_word(session, transaction, reply);
        return;
    }
    if (command->is_last)
        transaction->content.end_was_written = false;
    if (does_not_know(reply) && !transaction->has_failed && !transaction->must_restart) {
        break_off_chunking(session, transaction, reply);
        return;
    }
    if (!is_success)
        session->bdat_failed = true;
    if (took_what_it_refused(transaction, command, reply))
        note_taken_in_spite_of_refusal(session, transaction, reply);
    if (transaction->has_failed || transaction->must_restart) {
        ph__transaction_settle(session, transaction);
    } else if (command->is_last) {
        answered_end(session, command, reply);
        transaction->needs_reset = !is_success && !is_last_word(reply);
        ph__transaction_settle(session, transaction);
    } else if (!is_success) {
        (void)ph__result_note_reply(transaction->result, reply);
        note_refusal(session, command, reply);
        ph__transaction_fail(session, transaction, is_last_word(reply));
    }
}
