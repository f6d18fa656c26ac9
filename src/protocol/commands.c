/* SPDX-License-Identifier: MIT */
/*
 * The table of commands: what each sends, who takes its reply, and whether others may go behind it;
 * and the commands that a caller sends on their own.
 */
#include <string.h>

#include "base/allocator.h"
#include "base/ascii.h"
#include "base/secure_wipe.h"
#include "protocol/command_line.h"
#include "protocol/session_state.h"

static int build_verb(struct ph__session *session, const struct ph__command *command,
                      struct ph__buffer *out)
{
    (void)session;
    return ph__command_line(out, ph__command_row(command)->verb, NULL);
}

static int build_hello(struct ph__session *session, const struct ph__command *command,
                       struct ph__buffer *out)
{
    return ph__command_line(out, ph__command_row(command)->verb, session->opening->helo);
}

static int build_argument(struct ph__session *session, const struct ph__command *command,
                          struct ph__buffer *out)
{
    return ph__command_line(out, ph__command_row(command)->verb, session->argument);
}

static int build_mail(struct ph__session *session, const struct ph__command *command,
                      struct ph__buffer *out)
{
    (void)command;
    const bool is_international = session->single && ph_address_needs_smtputf8(session->single);
    const struct ph__mail_extensions extensions = {
        .smtputf8 = is_international && ph_capabilities_has(session->capabilities, "SMTPUTF8")};
    return ph__mail_line(out, session->single, &extensions);
}

static int build_rcpt(struct ph__session *session, const struct ph__command *command,
                      struct ph__buffer *out)
{
    (void)command;
    return ph__rcpt_line(out, session->single);
}

static void answered(struct ph__session *session, const struct ph__command *command,
                     const ph_reply *reply)
{
    const int status =
        ph_reply_is_success(reply) ? PH_OK : ph__session_refused(session, command, reply);
    ph__session_end_operation(session, PH__EVENT_COMMAND_DONE, status);
}

/* The server awaits a handshake that nobody will make: no command may follow. */
static void await_nothing(struct ph__session *session)
{
    (void)ph__error_set(&session->error, PH_ERR_BROKEN, PH_PHASE_STARTTLS,
                        "STARTTLS was sent on its own, so only a TLS handshake could follow; "
                        "finish the session");
    ph__session_enter(session, PH__STATE_BROKEN);
}

static void answered_lone_starttls(struct ph__session *session, const struct ph__command *command,
                                   const ph_reply *reply)
{
    answered(session, command, reply);
    if (ph_reply_is_success(reply))
        await_nothing(session);
}

/* Any reply will do; whoever runs AUTH by raw lines sends secrets in the next ones. */
static void answered_raw(struct ph__session *session, const struct ph__command *command,
                         const ph_reply *reply)
{
    (void)command;
    const bool is_auth =
        session->raw_is_secret || ph__is_auth_line(session->argument, strlen(session->argument));
    session->raw_is_secret = is_auth && reply->code == 334;
    ph__session_end_operation(session, PH__EVENT_COMMAND_DONE, PH_OK);
    if (reply->code == 220 && ph__ascii_equal(session->argument, "STARTTLS"))
        await_nothing(session);
}

/* clang-format off */
static const struct ph__command_row rows[] = {
    /*                          verb        phase              ends_group build                    answered */
    [PH__CMD_GREETING]      = { NULL,       PH_PHASE_GREETING, true,      NULL,                    ph__answered_greeting },
    [PH__CMD_EHLO]          = { "EHLO",     PH_PHASE_EHLO,     true,      build_hello,             ph__answered_ehlo },
    [PH__CMD_HELO]          = { "HELO",     PH_PHASE_HELO,     true,      build_hello,             ph__answered_helo },
    [PH__CMD_STARTTLS]      = { "STARTTLS", PH_PHASE_STARTTLS, true,      build_verb,              ph__answered_starttls },
    [PH__CMD_AUTH]          = { "AUTH",     PH_PHASE_AUTH,     true,      ph__build_auth,          ph__answered_auth },
    [PH__CMD_AUTH_RESPONSE] = { NULL,       PH_PHASE_AUTH,     true,      ph__build_auth_response, ph__answered_auth },
    [PH__CMD_AUTH_CANCEL]   = { "*",        PH_PHASE_AUTH,     true,      build_verb,              ph__answered_auth_cancel },
    [PH__CMD_MAIL]          = { NULL,       PH_PHASE_MAIL,     false,     ph__build_mail,          ph__answered_mail },
    [PH__CMD_RCPT]          = { NULL,       PH_PHASE_RCPT,     false,     ph__build_rcpt,          ph__answered_rcpt },
    [PH__CMD_DATA]          = { "DATA",     PH_PHASE_DATA,     true,      build_verb,              ph__answered_data },
    [PH__CMD_CONTENT]       = { NULL,       PH_PHASE_BODY,     false,     NULL,                    ph__answered_content },
    [PH__CMD_BDAT]          = { NULL,       PH_PHASE_BODY,     false,     NULL,                    ph__answered_bdat },
    [PH__CMD_CLEAR]         = { "RSET",     PH_PHASE_RSET,     false,     build_verb,              ph__answered_clear },
    [PH__CMD_RESET]         = { "RSET",     PH_PHASE_RSET,     false,     build_verb,              ph__answered_reset },
    [PH__CMD_SINGLE_MAIL]   = { NULL,       PH_PHASE_MAIL,     true,      build_mail,              answered },
    [PH__CMD_SINGLE_RCPT]   = { NULL,       PH_PHASE_RCPT,     true,      build_rcpt,              answered },

    [PH__CMD_SINGLE + PH__SINGLE_HELO]     = { "HELO",     PH_PHASE_HELO,     true, build_argument, answered },
    [PH__CMD_SINGLE + PH__SINGLE_EHLO]     = { "EHLO",     PH_PHASE_EHLO,     true, build_argument, answered },
    [PH__CMD_SINGLE + PH__SINGLE_STARTTLS] = { "STARTTLS", PH_PHASE_STARTTLS, true, build_argument, answered_lone_starttls },
    [PH__CMD_SINGLE + PH__SINGLE_RSET]     = { "RSET",     PH_PHASE_RSET,     true, build_argument, answered },
    [PH__CMD_SINGLE + PH__SINGLE_NOOP]     = { "NOOP",     PH_PHASE_NOOP,     true, build_argument, answered },
    [PH__CMD_SINGLE + PH__SINGLE_VRFY]     = { "VRFY",     PH_PHASE_VRFY,     true, build_argument, answered },
    [PH__CMD_SINGLE + PH__SINGLE_HELP]     = { "HELP",     PH_PHASE_HELP,     true, build_argument, answered },
    [PH__CMD_SINGLE + PH__SINGLE_QUIT]     = { "QUIT",     PH_PHASE_QUIT,     true, build_argument, answered },
    [PH__CMD_SINGLE + PH__SINGLE_RAW]      = { NULL,       PH_PHASE_COMMAND,  true, build_argument, answered_raw },
};
/* clang-format on */

const struct ph__command_row *ph__command_row(const struct ph__command *command)
{
    return &rows[command->kind];
}

/* ---- Submitting ------------------------------------------------------------------------------ */

static int refuse_argument(struct ph__session *session, ph_phase phase, const char *what)
{
    session->has_operation = false;
    return ph__error_set(&session->error, PH_ERR_ARGUMENT, phase,
                         "%s must not have control bytes such as CR, LF or NUL, nor be empty or "
                         "longer than a command line; nothing was sent",
                         what);
}

/* A line is built once to see whether it can be, so that a bad argument changes nothing. */
static int try_build(struct ph__session *session, unsigned kind)
{
    const struct ph__command command = {.kind = (uint8_t)kind};
    const struct ph__command_row *row = ph__command_row(&command);
    struct ph__buffer line;
    ph__buffer_init_secret(&line, session->config->allocator, 2 * (size_t)ph__command_line_max);
    int status = row->build(session, &command, &line);
    ph__buffer_release(&line);
    if (status == PH_ERR_ARGUMENT)
        return refuse_argument(session, row->phase, "a command line");
    if (status == PH_ERR_NO_MEMORY) {
        session->has_operation = false;
        return ph__error_set(&session->error, status, row->phase, "out of memory");
    }
    ph__session_queue(session, kind);
    return PH_OK;
}

int ph__session_command(struct ph__session *session, enum ph__single single, const char *argument)
{
    const unsigned kind = PH__CMD_SINGLE + (unsigned)single;
    int status = ph__session_take_operation(session, PH__STATE_OPEN);
    if (status != PH_OK)
        return status;
    ph__release_secret(session->config->allocator, &session->argument);
    const bool needs_argument = single == PH__SINGLE_RAW || single == PH__SINGLE_VRFY ||
                                single == PH__SINGLE_EHLO || single == PH__SINGLE_HELO;
    if (needs_argument && (!argument || *argument == '\0'))
        return refuse_argument(session, rows[kind].phase, "a command line");
    status = ph__replace_string(session->config->allocator, &session->argument, argument);
    if (status != PH_OK) {
        session->has_operation = false;
        return ph__error_set(&session->error, PH_ERR_NO_MEMORY, rows[kind].phase, "out of memory");
    }
    return try_build(session, kind);
}

static int submit_address(struct ph__session *session, unsigned kind, const ph_address *address)
{
    const int status = ph__session_take_operation(session, PH__STATE_OPEN);
    if (status != PH_OK)
        return status;
    if (address && ph_address_needs_smtputf8(address) &&
        !ph_capabilities_has(session->capabilities, "SMTPUTF8")) {
        session->has_operation = false;
        return ph__error_set(&session->error, PH_ERR_UNSUPPORTED, rows[kind].phase,
                             "%s does not offer SMTPUTF8, without which it cannot take the address "
                             "<%s>; nothing was sent",
                             session->config->server, ph_address_mailbox(address));
    }
    session->single = address;
    return try_build(session, kind);
}

int ph__session_mail(struct ph__session *session, const ph_address *from)
{
    return submit_address(session, PH__CMD_SINGLE_MAIL, from);
}

int ph__session_rcpt(struct ph__session *session, const ph_address *to)
{
    return submit_address(session, PH__CMD_SINGLE_RCPT, to);
}
