/* SPDX-License-Identifier: MIT */
/* Single commands: one line, one reply. */
#include "client/client.h"

static int run(ph_smtp *smtp, int status)
{
    return status == PH_OK ? ph__client_run(smtp, false) : ph__client_refused(smtp, status);
}

static int command(ph_smtp *smtp, enum ph__single single, const char *argument)
{
    const int status = ph__client_begin(smtp);
    if (status != PH_OK)
        return status;
    struct ph__session *session = ph__connection_session(smtp->connection);
    return run(smtp, ph__session_command(session, single, argument));
}

static const char *or_localhost(const char *helo)
{
    return helo ? helo : "localhost";
}

int ph_smtp_helo(ph_smtp *smtp, const char *helo)
{
    return command(smtp, PH__SINGLE_HELO, or_localhost(helo));
}

int ph_smtp_ehlo(ph_smtp *smtp, const char *helo)
{
    return command(smtp, PH__SINGLE_EHLO, or_localhost(helo));
}

int ph_smtp_starttls(ph_smtp *smtp)
{
    return command(smtp, PH__SINGLE_STARTTLS, NULL);
}

int ph_smtp_rset(ph_smtp *smtp)
{
    return command(smtp, PH__SINGLE_RSET, NULL);
}

int ph_smtp_noop(ph_smtp *smtp)
{
    return command(smtp, PH__SINGLE_NOOP, NULL);
}

int ph_smtp_vrfy(ph_smtp *smtp, const char *name)
{
    return command(smtp, PH__SINGLE_VRFY, name);
}

int ph_smtp_help(ph_smtp *smtp, const char *topic)
{
    return command(smtp, PH__SINGLE_HELP, topic);
}

int ph_smtp_quit(ph_smtp *smtp)
{
    const int status = command(smtp, PH__SINGLE_QUIT, NULL);
    smtp->has_quit = smtp->has_quit || status == PH_OK;
    return status;
}

int ph_smtp_command(ph_smtp *smtp, const char *line)
{
    return command(smtp, PH__SINGLE_RAW, line);
}

/* ---- Envelopes ------------------------------------------------------------------------------- */

int ph_smtp_mailfrom_address(ph_smtp *smtp, const ph_address *address)
{
    const int status = ph__client_begin(smtp);
    if (status != PH_OK)
        return status;
    return run(smtp, ph__session_mail(ph__connection_session(smtp->connection), address));
}

int ph_smtp_rcptto_address(ph_smtp *smtp, const ph_address *address)
{
    const int status = ph__client_begin(smtp);
    if (status != PH_OK)
        return status;
    return run(smtp, ph__session_rcpt(ph__connection_session(smtp->connection), address));
}

static int make_address(ph_smtp *smtp, const char *mailbox, ph_phase phase, ph_address **address)
{
    int status = ph__client_begin(smtp);
    if (status != PH_OK)
        return status;
    status = ph_address_new(mailbox, smtp->allocator, address);
    if (status == PH_ERR_NO_MEMORY)
        return ph__error_set(&smtp->error, PH_ERR_NO_MEMORY, phase, "out of memory");
    if (status != PH_OK)
        return ph__client_bad_mailbox(smtp, mailbox, phase);
    return PH_OK;
}

int ph_smtp_mailfrom(ph_smtp *smtp, const char *mailbox)
{
    ph_address *address = NULL;
    int status = make_address(smtp, mailbox, PH_PHASE_MAIL, &address);
    if (status == PH_OK)
        status = ph_smtp_mailfrom_address(smtp, address);
    ph_address_free(address);
    return status;
}

int ph_smtp_rcptto(ph_smtp *smtp, const char *mailbox)
{
    ph_address *address = NULL;
    int status = make_address(smtp, mailbox, PH_PHASE_RCPT, &address);
    if (status == PH_OK)
        status = ph_smtp_rcptto_address(smtp, address);
    ph_address_free(address);
    return status;
}

/* Leaves the transaction, so that the next MAIL is not refused; the refusal stays the error. */
static void reset_after_refusal(ph_smtp *smtp)
{
    struct ph__error refusal;
    struct ph__session *session = ph__connection_session(smtp->connection);
    if (ph__session_is_broken(session) || smtp->error.view->reply_code == 421)
        return;
    ph__error_init(&refusal, smtp->allocator);
    ph__error_copy(&refusal, &smtp->error);
    if (ph__session_command(session, PH__SINGLE_RSET, NULL) == PH_OK)
        (void)ph__client_run(smtp, false);
    ph__error_copy(&smtp->error, &refusal);
    ph__error_release(&refusal);
}

int ph_smtp_rcptto_list(ph_smtp *smtp, const char *const *to, size_t n_to)
{
    int status = ph__client_begin(smtp);
    if (status == PH_OK && n_to == 0)
        status = ph__error_set(&smtp->error, PH_ERR_ARGUMENT, PH_PHASE_RCPT,
                               "mail destination not given");
    for (size_t i = 0; i < n_to && status == PH_OK; i++) {
        status = ph_smtp_rcptto(smtp, to[i]);
        if (status != PH_OK && smtp->error.view->reply_code != 0)
            reset_after_refusal(smtp);
    }
    return status;
}
