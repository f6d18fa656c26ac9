/* SPDX-License-Identifier: MIT */
/* posthaste talk: opens a session, runs commands in it and prints the replies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <posthaste/posthaste.h>

#include "exit_code.h"
#include "lines.h"
#include "printable.h"
#include "report.h"
#include "server_options.h"

static const struct option_group *const groups[] = {&connection_option_group, &tls_option_group,
                                                    &login_option_group, NULL};

/* One run of the command. */
struct talk {
    const struct command *command;
    struct connection_options connection;
    struct tls_options tls;
    struct login_options login;
    ph_smtp *smtp;
    struct lines lines;
    bool is_in_data;  /* replies are printed as they are traced */
    bool is_in_auth;  /* the next line answers a challenge */
    bool is_over;     /* nothing more can be said */
    const char *rest; /* of a line of content that had no room yet */
    int exit_code;    /* of the last reply that was a refusal */
};

/* ---- Replies --------------------------------------------------------------------------------- */

/* The reply to DATA comes in the middle of a call, so it is taken from the trace. */
static void trace(ph_trace_kind kind, const char *line, void *user_data)
{
    const struct talk *talk = user_data;
    if (talk->connection.trace)
        ph_trace_to_file(kind, line, stderr);
    if (!talk->is_in_data || kind != PH_TRACE_RECEIVED)
        return;
    (void)printf("%s\n", line);
    (void)fflush(stdout);
}

static void print_reply(const struct talk *talk)
{
    const ph_reply *reply = ph_smtp_reply(talk->smtp);
    char *text = reply ? printable(ph_reply_text(reply)) : NULL;
    if (text)
        (void)printf("%s\n", text);
    free(text);
    (void)fflush(stdout);
}

/* A refusal leaves the session as it is; anything else ends it. */
static bool is_refusal(int status)
{
    return status == PH_ERR_SERVER_BUSY || status == PH_ERR_SYNTAX ||
           status == PH_ERR_AUTHENTICATION || status == PH_ERR_FATAL || status == PH_ERR_UNKNOWN;
}

static void note_failure(struct talk *talk, int status)
{
    const ph_error *error = ph_smtp_error(talk->smtp);
    if (is_refusal(status)) {
        talk->exit_code = exit_code_of_error(error);
        return;
    }
    talk->exit_code = complain_of_error(talk->command, error);
    talk->is_over = status != PH_ERR_ARGUMENT;
}

/* ---- Content --------------------------------------------------------------------------------- */

/* Lines up to a lone dot, as they would be typed to a server: a leading dot stands doubled. */
static int read_content(void *buffer, size_t size, size_t *length, void *user_data)
{
    struct talk *talk = user_data;
    char *out = buffer;
    if (!talk->rest) {
        const char *line = lines_next(&talk->lines, "");
        if (line && strcmp(line, ".") == 0)
            return 0;
        if (!line)
            return -1;
        talk->rest = line[0] == '.' ? line + 1 : line;
    }
    const size_t n = strlen(talk->rest);
    if (n < size) {
        memcpy(out, talk->rest, n);
        out[n] = '\n';
        *length = n + 1;
        talk->rest = NULL;
        return 0;
    }
    memcpy(out, talk->rest, size);
    talk->rest += size;
    *length = size;
    return 0;
}

static void run_data(struct talk *talk)
{
    talk->is_in_data = true;
    const int status = ph_smtp_data_callback(talk->smtp, read_content, talk);
    talk->is_in_data = false;
    if (status == PH_ERR_SOURCE) {
        complain(talk->command, "the content did not end with a line that is a lone dot; the "
                                "connection was dropped, and nothing was delivered");
        talk->exit_code = EXIT_BAD_DATA;
        talk->is_over = true;
        return;
    }
    if (status == PH_OK)
        return;
    note_failure(talk, status);
    const ph_error *error = ph_smtp_error(talk->smtp);
    /* Content that the server did not ask for must not run as commands. */
    if (error->phase == PH_PHASE_DATA && !talk->lines.is_interactive && !talk->is_over)
        lines_skip_content(&talk->lines);
}

/* ---- Commands -------------------------------------------------------------------------------- */

static void run_quit(struct talk *talk)
{
    const int status = ph_smtp_quit(talk->smtp);
    print_reply(talk);
    if (status != PH_OK)
        note_failure(talk, status);
    talk->is_over = true;
}

static void run_raw(struct talk *talk, const char *line)
{
    const int status = ph_smtp_command(talk->smtp, line);
    if (status != PH_OK) {
        note_failure(talk, status);
        return;
    }
    const ph_reply *reply = ph_smtp_reply(talk->smtp);
    print_reply(talk);
    talk->is_in_auth = ph_reply_code(reply) == 334;
    const int code = exit_code_of_reply(reply);
    if (code != EXIT_OK)
        talk->exit_code = code;
}

static bool is_verb(const char *line, const char *verb)
{
    const size_t n = strlen(verb);
    return strncasecmp(line, verb, n) == 0 && (line[n] == '\0' || line[n] == ' ');
}

/* After these the connection no longer carries command lines, so they cannot be sent as such. */
static bool refuse_verb(struct talk *talk, const char *line)
{
    if (is_verb(line, "STARTTLS"))
        talk->exit_code = complain_of_usage(
            talk->command, "STARTTLS needs a handshake behind it; give --starttls always instead, "
                           "and the session begins with TLS");
    else if (is_verb(line, "BDAT"))
        talk->exit_code = complain_of_usage(
            talk->command, "BDAT needs bytes behind it, not lines; use DATA, or posthaste send");
    else
        return false;
    talk->is_over = !talk->lines.is_interactive;
    return true;
}

static void run_line(struct talk *talk, const char *line)
{
    if (talk->is_in_auth)
        run_raw(talk, line);
    else if (line[0] == '\0' || refuse_verb(talk, line))
        return;
    else if (is_verb(line, "DATA"))
        run_data(talk);
    else if (is_verb(line, "QUIT"))
        run_quit(talk);
    else
        run_raw(talk, line);
}

static void run_lines(struct talk *talk)
{
    while (!talk->is_over) {
        const char *line = lines_next(&talk->lines, talk->is_in_auth ? "response> " : "> ");
        if (!line)
            return;
        run_line(talk, line);
    }
}

/* ---- The command ----------------------------------------------------------------------------- */

static void greet(const struct talk *talk)
{
    const char *notice = ph_smtp_notice(talk->smtp);
    const ph_tls_info *tls = ph_smtp_tls_info(talk->smtp);
    if (notice)
        complain(talk->command, "note: %s", notice);
    if (talk->lines.is_interactive)
        complain(talk->command, "connected to %s port %d%s%s; QUIT ends the session",
                 ph_smtp_address(talk->smtp), ph_smtp_port(talk->smtp), tls ? ", " : "",
                 tls ? tls->version : "");
}

static int hold_session(struct talk *talk)
{
    struct problem problem;
    ph_smtp_set_trace(talk->smtp, trace, talk);
    const ph_error *error = client_start(&talk->login, talk->smtp, &problem);
    if (error)
        return complain_of_error(talk->command, error);
    greet(talk);
    run_lines(talk);
    (void)ph_smtp_finish(talk->smtp);
    return finish_output(talk->command, talk->exit_code);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct talk talk = {.command = self, .connection = connection_options_default()};
    void *const targets[] = {&talk.connection, &talk.tls, &talk.login};
    struct operands operands;
    int code;
    if (!options_read(self, argc, argv, targets, &operands, &code))
        return code;
    talk.lines = lines_of(operands);
    code = client_new(self, &talk.connection, &talk.tls, &talk.login, &talk.smtp);
    if (code == EXIT_OK)
        code = hold_session(&talk);
    ph_smtp_free(talk.smtp);
    lines_release(&talk.lines);
    return code;
}

const struct command command_talk = {
    .name = "talk",
    .summary = "run commands in a session and print the replies",
    .usage = "--server HOST[:PORT] [OPTION...] [COMMAND...]",
    .description =
        "Opens a session, with TLS and login as asked for, sends each COMMAND as it is, and prints "
        "the reply. Without COMMAND they are read from standard input, one a line. The lines after "
        "DATA are the content, up to one that is a lone dot.\n"
        "  posthaste talk --server localhost NOOP \"VRFY postmaster\"\n"
        "Exits with 0 if no command was refused, or by the class of the last refusal.\n",
    .groups = groups,
    .run = run,
};
