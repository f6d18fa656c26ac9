/* SPDX-License-Identifier: MIT */
/* Starting and finishing a session, and logging in. */
#include <stdio.h>
#include <string.h>

#include "auth/credentials.h"
#include "base/allocator.h"
#include "client/client.h"
#include "transport/tls_info.h"

/* ---- Logging in ------------------------------------------------------------------------------ */

static int log_in(ph_smtp *smtp, const ph_mechanism *mechanism, const char *user,
                  const char *secret)
{
    const int status =
        ph__connection_log_in(smtp->connection, mechanism, user, secret, &smtp->error);
    return status == PH_OK ? ph__client_run(smtp, false) : status;
}

int ph_smtp_authenticate(ph_smtp *smtp, const char *user, const char *secret, const char *authtype)
{
    const ph_mechanism *mechanism;
    int status = ph__client_begin(smtp);
    if (status == PH_OK)
        status = ph__credentials_check(&smtp->server.mechanisms, user, secret, authtype, &mechanism,
                                       &smtp->error);
    return status == PH_OK ? log_in(smtp, mechanism, user, secret) : status;
}

int ph_smtp_auth_plain(ph_smtp *smtp, const char *user, const char *secret)
{
    return ph_smtp_authenticate(smtp, user, secret, "PLAIN");
}

int ph_smtp_auth_login(ph_smtp *smtp, const char *user, const char *secret)
{
    return ph_smtp_authenticate(smtp, user, secret, "LOGIN");
}

int ph_smtp_auth_cram_md5(ph_smtp *smtp, const char *user, const char *secret)
{
    return ph_smtp_authenticate(smtp, user, secret, "CRAM-MD5");
}

/* ---- Starting -------------------------------------------------------------------------------- */

static int fail_without_memory(ph_smtp *smtp)
{
    return ph__error_set(&smtp->error, PH_ERR_NO_MEMORY, PH_PHASE_NONE, "out of memory");
}

static int connect_and_greet(ph_smtp *smtp, const char *helo, bool has_own_login)
{
    smtp->connection = ph__connection_new(&smtp->server, smtp->port_in_use, ph_now_ms());
    if (!smtp->connection)
        return fail_without_memory(smtp);
    ph__connection_start_as(smtp->connection, helo, has_own_login);
    return ph__client_run(smtp, false);
}

/* What can be said before anything is opened. */
static int check_start(ph_smtp *smtp, const char *helo, const char *user, const char *secret,
                       const char *authtype, const ph_mechanism **mechanism)
{
    if (smtp->is_started)
        return ph__error_set(&smtp->error, PH_ERR_STATE, PH_PHASE_NONE,
                             "SMTP session already started");
    if (helo && !ph__is_helo_name(helo))
        return ph__error_set(&smtp->error, PH_ERR_ARGUMENT, PH_PHASE_EHLO,
                             "the HELO name must be a domain or an address literal in printable "
                             "ASCII of at most 255 bytes, without blanks");
    if (!user && !secret && !authtype)
        return PH_OK;
    return ph__credentials_check(&smtp->server.mechanisms, user, secret, authtype, mechanism,
                                 &smtp->error);
}

static void note(ph_smtp *smtp)
{
    const char *notice = ph__session_notice(ph__connection_session(smtp->connection));
    (void)snprintf(smtp->notice, sizeof smtp->notice, "%s", notice ? notice : "");
}

int ph_smtp_start(ph_smtp *smtp, const char *helo, const char *user, const char *secret,
                  const char *authtype)
{
    const ph_mechanism *mechanism = NULL;
    ph__error_clear(&smtp->error);
    int status = check_start(smtp, helo, user, secret, authtype, &mechanism);
    if (status != PH_OK)
        return status;
    ph__reply_clear(&smtp->reply);
    ph__tls_info_free(smtp->allocator, smtp->tls_info);
    smtp->tls_info = NULL;
    smtp->notice[0] = '\0';
    smtp->has_quit = false;
    smtp->port_in_use =
        user ? ph__server_port_for(&smtp->server, user) : ph_server_port(&smtp->server);
    status = connect_and_greet(smtp, helo, user != NULL);
    if (status == PH_OK && user)
        status = log_in(smtp, mechanism, user, secret);
    if (status != PH_OK) {
        ph__client_disconnect(smtp);
        return status;
    }
    note(smtp);
    smtp->is_started = true;
    return PH_OK;
}

int ph_smtp_open(const char *address, int port, const char *helo, const char *user,
                 const char *secret, const char *authtype, ph_smtp **out)
{
    const int status = ph_smtp_new(address, port, NULL, out);
    return status == PH_OK ? ph_smtp_start(*out, helo, user, secret, authtype) : status;
}

/* ---- Finishing ------------------------------------------------------------------------------- */

/* Says QUIT if there is anyone to say it to; what comes of it is told, not held against anybody. */
static void say_goodbye(ph_smtp *smtp)
{
    struct ph__session *session = ph__connection_session(smtp->connection);
    if (smtp->has_quit || smtp->writer.is_open || ph__session_is_broken(session))
        return;
    int status = ph__session_command(session, PH__SINGLE_QUIT, NULL);
    status = status == PH_OK ? ph__client_run(smtp, false) : ph__client_refused(smtp, status);
    if (status != PH_OK)
        (void)snprintf(smtp->notice, sizeof smtp->notice,
                       "everything was done, but QUIT did not end well: %.300s",
                       smtp->error.view->message);
}

int ph_smtp_finish(ph_smtp *smtp)
{
    ph__error_clear(&smtp->error);
    ph__reply_clear(&smtp->reply);
    if (!smtp->is_started)
        return ph__error_set(&smtp->error, PH_ERR_STATE, PH_PHASE_NONE, "not yet started");
    say_goodbye(smtp);
    ph__client_disconnect(smtp);
    ph__error_clear(&smtp->error);
    return PH_OK;
}

int ph_smtp_start_scoped(ph_smtp *smtp, const char *helo, const char *user, const char *secret,
                         const char *authtype, ph_smtp_fn body, void *user_data)
{
    int status = ph_smtp_start(smtp, helo, user, secret, authtype);
    if (status != PH_OK)
        return status;
    status = body(smtp, user_data);
    if (!smtp->is_started) /* the body finished it itself */
        return status;
    /* What the body left to be asked for must survive the QUIT. */
    struct ph__error error;
    ph__error_init(&error, smtp->allocator);
    ph__error_copy(&error, &smtp->error);
    (void)ph_smtp_finish(smtp);
    ph__error_copy(&smtp->error, &error);
    ph__error_release(&error);
    return status;
}
