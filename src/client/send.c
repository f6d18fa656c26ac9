/* SPDX-License-Identifier: MIT */
/* Sending messages: from a source at once, or written piece by piece. */
#include <string.h>

#include "base/allocator.h"
#include "base/utf8.h"
#include "client/client.h"
#include "protocol/mailbox.h"

/* ---- Errors ---------------------------------------------------------------------------------- */

int ph__client_bad_mailbox(ph_smtp *smtp, const char *mailbox, ph_phase phase)
{
    char shown[200];
    const size_t n = strlen(mailbox);
    const char *problem = n > PH_ADDRESS_MAX ? "it is too long"
                          : n == 0           ? "it is empty"
                                             : ph__mailbox_problem(mailbox, n);
    (void)ph__escape(shown, sizeof shown, mailbox, n);
    return ph__error_set(&smtp->error, PH_ERR_ARGUMENT, phase,
                         "not an address: \"%s\" (%s); write it as user@example.org, and "
                         "parameters apart from it; nothing was sent",
                         shown, problem ? problem : "its brackets hold none");
}

static int fail_without_memory(ph_smtp *smtp)
{
    return ph__error_set(&smtp->error, PH_ERR_NO_MEMORY, PH_PHASE_NONE, "out of memory");
}

static int refuse_null(ph_smtp *smtp)
{
    return ph__error_set(&smtp->error, PH_ERR_ARGUMENT, PH_PHASE_BODY,
                         "the content, or the function that gives it, is NULL; nothing was sent");
}

/* ---- Transactions ---------------------------------------------------------------------------- */

/* Makes the result that the next message fills. */
static int new_result(ph_smtp *smtp, const struct ph__envelope *envelope)
{
    int status = PH_OK;
    if (smtp->result)
        status = ph__result_reset(smtp->result, envelope);
    else if (!(smtp->result = ph__result_new_lasting(smtp->allocator, envelope)))
        status = PH_ERR_NO_MEMORY;
    return status == PH_OK ? PH_OK : fail_without_memory(smtp);
}

/* Submits a transaction, or DATA alone if there is no envelope. */
static int submit(ph_smtp *smtp, const struct ph__envelope *envelope, struct ph__source source)
{
    struct ph__session *session = ph__connection_session(smtp->connection);
    int status = new_result(smtp, envelope);
    if (status != PH_OK)
        return status;
    smtp->source = source;
    ph__connection_set_source(smtp->connection, &smtp->source);
    const struct ph__outgoing outgoing = {.envelope = envelope, .result = smtp->result};
    status =
        envelope ? ph__session_send(session, &outgoing) : ph__session_data(session, smtp->result);
    return status == PH_OK ? PH_OK : ph__client_refused(smtp, status);
}

int ph_smtp_send(ph_smtp *smtp, ph_message *message)
{
    int status = ph__client_begin(smtp);
    if (status == PH_OK)
        status = submit(smtp, &message->envelope, message->source);
    return status == PH_OK ? ph__client_run(smtp, false) : status;
}

/* ---- Plain addresses ------------------------------------------------------------------------- */

/* Builds a message from plain addresses; the error names the one that is none. */
static int make_message(ph_smtp *smtp, const char *from, const char *const *to, size_t n_to,
                        ph_message **message)
{
    int status = ph_message_new(smtp->allocator, message);
    if (status == PH_OK)
        status = ph_message_set_from(*message, from);
    if (status == PH_ERR_ARGUMENT)
        status = ph__client_bad_mailbox(smtp, from, PH_PHASE_MAIL);
    for (size_t i = 0; i < n_to && status == PH_OK; i++) {
        status = ph_message_add_recipient(*message, to[i]);
        if (status == PH_ERR_ARGUMENT)
            status = ph__client_bad_mailbox(smtp, to[i] ? to[i] : "", PH_PHASE_RCPT);
    }
    return status == PH_ERR_NO_MEMORY ? fail_without_memory(smtp) : status;
}

int ph_smtp_send_message(ph_smtp *smtp, const void *content, size_t n, const char *from,
                         const char *const *to, size_t n_to)
{
    ph_message *message = NULL;
    int status = ph__client_begin(smtp);
    if (status == PH_OK)
        status = make_message(smtp, from, to, n_to, &message);
    if (status == PH_OK && ph_message_set_content(message, content, n) != PH_OK)
        status = refuse_null(smtp);
    if (status == PH_OK)
        status = ph_smtp_send(smtp, message);
    ph_message_free(message);
    return status;
}

int ph_smtp_send_once(const char *address, int port, const char *helo, const char *user,
                      const char *secret, const char *authtype, ph_message *message,
                      ph_result **result)
{
    ph_smtp *smtp = NULL;
    if (result)
        *result = NULL;
    int status = ph_smtp_open(address, port, helo, user, secret, authtype, &smtp);
    if (!smtp)
        return status;
    if (status == PH_OK) {
        status = ph_smtp_send(smtp, message);
        if (result)
            *result = ph_smtp_take_result(smtp);
        (void)ph_smtp_finish(smtp);
    } else if (result && new_result(smtp, &message->envelope) == PH_OK) {
        ph__result_note_error(smtp->result, &smtp->error);
        *result = ph_smtp_take_result(smtp);
    }
    ph_smtp_free(smtp);
    return status;
}

/* ---- Written messages ------------------------------------------------------------------------ */

static int begin_writing(ph_smtp *smtp, const struct ph__envelope *envelope)
{
    int status = submit(smtp, envelope, ph__source_pushed());
    if (status == PH_OK)
        status = ph__client_run(smtp, true);
    if (status == PH_OK)
        ph__writer_begin(smtp);
    return status;
}

int ph_smtp_begin_message(ph_smtp *smtp, ph_message *envelope, ph_writer **writer)
{
    *writer = NULL;
    int status = ph__client_begin(smtp);
    if (status == PH_OK)
        status = begin_writing(smtp, &envelope->envelope);
    if (status == PH_OK)
        *writer = &smtp->writer;
    return status;
}

static int check_writing(ph_smtp *smtp)
{
    if (smtp->is_started && smtp->writer.is_open)
        return PH_OK;
    ph__error_clear(&smtp->error);
    return ph__error_set(&smtp->error, PH_ERR_STATE, PH_PHASE_BODY,
                         "no message is being written; ph_smtp_begin_message begins one");
}

int ph_smtp_end_message(ph_smtp *smtp)
{
    const int status = check_writing(smtp);
    return status == PH_OK ? ph__writer_end(smtp) : status;
}

int ph_smtp_abort_message(ph_smtp *smtp)
{
    const int status = check_writing(smtp);
    if (status == PH_OK)
        ph__writer_abort(smtp, "the program aborted it");
    return status;
}

/* Runs the caller's function on an open writer, and ends or aborts the message. */
static int write_content(ph_smtp *smtp, ph_writer_fn write, void *user_data)
{
    const int outcome = write(&smtp->writer, user_data);
    if (smtp->writer.failure != PH_OK)
        return ph__writer_end(smtp); /* the connection's failure, not the function's */
    if (outcome == 0)
        return ph__writer_end(smtp);
    ph__writer_abort(smtp, "the function that writes it gave up");
    return PH_ERR_SOURCE;
}

int ph_smtp_open_message_stream(ph_smtp *smtp, const char *from, const char *const *to, size_t n_to,
                                ph_writer_fn write, void *user_data)
{
    ph_message *message = NULL;
    int status = ph__client_begin(smtp);
    if (status == PH_OK && !write)
        return refuse_null(smtp);
    if (status == PH_OK)
        status = make_message(smtp, from, to, n_to, &message);
    if (status == PH_OK)
        status = begin_writing(smtp, &message->envelope);
    if (status == PH_OK)
        status = write_content(smtp, write, user_data);
    ph_message_free(message);
    return status;
}

/* ---- DATA alone ------------------------------------------------------------------------------ */

static int data_from(ph_smtp *smtp, struct ph__source source, bool is_given)
{
    int status = ph__client_begin(smtp);
    if (status == PH_OK && !is_given)
        status = refuse_null(smtp);
    if (status == PH_OK)
        status = submit(smtp, NULL, source);
    return status == PH_OK ? ph__client_run(smtp, false) : status;
}

int ph_smtp_data(ph_smtp *smtp, const void *content, size_t n)
{
    return data_from(smtp, ph__source_memory(content, n), content || n == 0);
}

int ph_smtp_data_callback(ph_smtp *smtp, ph_read_fn read, void *user_data)
{
    return data_from(smtp, ph__source_callback(read, user_data), read != NULL);
}

int ph_smtp_data_stream(ph_smtp *smtp, ph_writer_fn write, void *user_data)
{
    int status = ph__client_begin(smtp);
    if (status == PH_OK && !write)
        return refuse_null(smtp);
    if (status == PH_OK)
        status = begin_writing(smtp, NULL);
    return status == PH_OK ? write_content(smtp, write, user_data) : status;
}
