/* SPDX-License-Identifier: MIT */
/*
 * How transactions end: done, failed, cancelled, sent anew, or broken with the session. Whatever
 * happens, the result says what became of the message and of every recipient.
 */
#include "protocol/session_state.h"

void ph__transaction_done(struct ph__transaction *transaction)
{
    transaction->is_ended = true;
    if (!transaction->has_failed)
        ph__error_clear(&transaction->result->error); /* of recipients the policy does not mind */
}

bool ph__transactions_take_ended(struct ph__session *session, struct ph__event *event)
{
    const struct ph__transaction *first =
        session->transactions_count > 0 ? ph__transaction_at(session, 0) : NULL;
    if (!first || !first->is_ended)
        return false;
    const struct ph__error *error = &first->result->error;
    *event = (struct ph__event){.type = PH__EVENT_MESSAGE_DONE,
                                .status = first->has_failed ? error->view->status : PH_OK,
                                .tag = first->tag};
    if (session->state != PH__STATE_BROKEN) {
        if (first->has_failed)
            ph__error_copy(&session->error, error);
        else
            ph__error_clear(&session->error);
    }
    ph__transactions_forget_first(session);
    return true;
}

/* ---- Failing --------------------------------------------------------------------------------- */

/* RSET has cleared away what the server held on to: what it refused for that is sent anew, from the
 * envelope on. */
static void restart(struct ph__session *session)
{
    for (size_t i = 0; i < session->transactions_count; i++) {
        struct ph__transaction *transaction = ph__transaction_at(session, i);
        if (transaction->is_ended || transaction->has_failed || !transaction->mail_is_queued)
            continue;
        if (transaction->queued_count > 0)
            continue; /* it began behind this RSET */
        ph__result_forget_recipients(transaction->result);
        transaction->mail_is_queued = false;
        transaction->data_is_queued = false;
        transaction->end_is_queued = false;
        transaction->next_recipient = 0;
        transaction->answered_count = 0;
        transaction->needs_reset = false;
        transaction->has_recipients = false;
        transaction->sends_no_content = false;
        transaction->has_restarted = true;
        transaction->must_restart = false;
        transaction->content = (struct ph__content){.is_last_chunk = false};
    }
    session->bdat_failed = false;
    session->fed_count = 0;
    session->bytes_in_flight = 0;
}

void ph__transaction_settle(struct ph__session *session, struct ph__transaction *transaction)
{
    if (transaction->queued_count > 0 || transaction->must_restart)
        return; /* what must restart waits for what is in flight behind it and fares no better */
    if (!transaction->needs_reset || session->built_count > 0) {
        ph__transaction_done(transaction);
        return;
    }
    transaction->needs_reset = false;
    transaction->is_resetting = true;
    ph__transactions_drop_unbuilt(session); /* RSET behind the next envelope would undo that */
    ph__transaction_queue(session, transaction, PH__CMD_RESET, 0);
}

void ph__transaction_fail(struct ph__session *session, struct ph__transaction *transaction,
                          bool is_final)
{
    transaction->has_failed = true;
    if (is_final)
        transaction->needs_reset = false;
    ph__transactions_drop_unbuilt(session);
    ph__transaction_settle(session, transaction);
}

void ph__answered_reset(struct ph__session *session, const struct ph__command *command,
                        const ph_reply *reply)
{
    struct ph__transaction *transaction = ph__transaction_of(session, command);
    (void)reply;
    if (!transaction->must_restart)
        ph__transaction_done(transaction);
    restart(session);
}

/* ---- Cancelling ------------------------------------------------------------------------------ */

static struct ph__transaction *find(const struct ph__session *session, const void *tag)
{
    for (size_t i = 0; i < session->transactions_count; i++) {
        struct ph__transaction *transaction = ph__transaction_at(session, i);
        if (transaction->tag == tag && !transaction->is_ended)
            return transaction;
    }
    return NULL;
}

int ph__session_cancel(struct ph__session *session, const void *tag)
{
    struct ph__transaction *transaction = find(session, tag);
    if (session->state != PH__STATE_OPEN || !transaction || transaction->has_failed ||
        transaction->content.end_was_written)
        return ph__error_set(&session->error, PH_ERR_STATE, PH_PHASE_NONE,
                             "the message is not under way, or was sent to its end: it can no "
                             "longer be cancelled");
    /* Behind the 354, or a BDAT line, only content can follow. */
    const bool has_begun = transaction->end_is_queued || transaction->content.bdat_is_begun ||
                           transaction->content.pended > 0;
    struct ph__error error;
    ph__error_init(&error, session->config->allocator);
    (void)ph__error_set(&error, PH_ERR_CANCELLED, ph__session_phase(session),
                        has_begun ? "the message was cancelled while its content was being sent; "
                                    "the connection is dropped so that no part of it is delivered"
                                  : "the message was cancelled before its content was sent");
    ph__result_note_error(transaction->result, &error);
    if (has_begun) {
        ph__error_copy(&session->error, &error);
        ph__session_break_for(session, transaction);
    } else {
        transaction->must_restart = false;
        ph__transaction_fail(session, transaction, false);
        ph__transactions_feed(session);
    }
    ph__error_release(&error);
    return PH_OK;
}

/* ---- Breaking -------------------------------------------------------------------------------- */

static void settle_broken(struct ph__session *session, struct ph__transaction *transaction,
                          const struct ph__error *reason)
{
    ph_result *result = transaction->result;
    const bool may_have_it = transaction->content.end_was_written && !transaction->sends_no_content;
    if (result->outcome == PH_OUTCOME_UNKNOWN)
        return; /* the reply to its end left that open */
    result->outcome = may_have_it ? PH_OUTCOME_UNKNOWN : PH_OUTCOME_NOT_SENT;
    if (transaction->has_failed && !may_have_it) {
        ph__error_set_outcome(&result->error, result->outcome);
        return; /* a refusal that came before says more */
    }
    ph__result_note_error(result, reason);
    if (may_have_it)
        ph__error_add(&result->error,
                      "; the message had been sent to its end, so %s may have it "
                      "or not: sending it again may deliver it twice",
                      session->config->server);
}

/* The reason for those that are not at fault: they may be sent again, whatever befell the one. */
static void set_loss(struct ph__session *session, struct ph__error *loss)
{
    ph__error_init(loss, session->config->allocator);
    (void)ph__error_set(loss, PH_ERR_CLOSED, ph__session_phase(session),
                        "the connection to %s was given up because of another message: %s",
                        session->config->server, session->error.view->message);
}

/* The session's error tells of the message at fault, or of the one that was next to end. */
static void tell_session(struct ph__session *session, const struct ph__transaction *transaction)
{
    if (transaction->result->outcome == PH_OUTCOME_UNKNOWN)
        ph__error_copy(&session->error, &transaction->result->error);
    else
        ph__error_set_outcome(&session->error, transaction->result->outcome);
}

void ph__transactions_broken(struct ph__session *session, const struct ph__transaction *culprit)
{
    struct ph__error reason;
    struct ph__error loss;
    ph__error_init(&reason, session->config->allocator);
    ph__error_copy(&reason, &session->error);
    set_loss(session, &loss);
    uint32_t ended = 0;
    const struct ph__transaction *told = culprit;
    for (size_t i = 0; i < session->transactions_count; i++) {
        struct ph__transaction *transaction = ph__transaction_at(session, i);
        if (transaction->is_ended) {
            ended += ended == i;
            continue;
        }
        const bool is_concerned = !culprit || transaction == culprit;
        settle_broken(session, transaction, is_concerned ? &reason : &loss);
        told = told ? told : transaction;
    }
    if (told)
        tell_session(session, told);
    session->transactions_count = ended;
    session->fed_count = 0;
    ph__error_release(&reason);
    ph__error_release(&loss);
}
