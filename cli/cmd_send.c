/* SPDX-License-Identifier: MIT */
/* posthaste send: sends a file or standard input as it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <posthaste/posthaste.h>

#include "exit_code.h"
#include "input.h"
#include "report.h"
#include "send_report.h"
#include "server_options.h"

struct message_options {
    const char *from;
    struct option_texts to;
    bool any_recipient;
    bool json;
    bool quiet;
};

/* clang-format off */
static const struct option message_rows[] = {
    { "from", "ADDRESS", "the sender; \"\" for none, as in a bounce",
      OPTION_TEXT, .offset = offsetof(struct message_options, from) },
    { "to", "ADDRESS", "a recipient; give it once for each",
      OPTION_TEXTS, .offset = offsetof(struct message_options, to) },
    { "any-recipient", NULL,
      "send to those that are accepted, if some are refused; without it nobody gets the message then",
      OPTION_FLAG, .offset = offsetof(struct message_options, any_recipient) },
    { "json", NULL, "print one JSON object in place of lines",
      OPTION_FLAG, .offset = offsetof(struct message_options, json) },
    { "quiet", NULL, "print nothing but errors (and the JSON object, if asked for)",
      OPTION_FLAG, .offset = offsetof(struct message_options, quiet) },
    { .name = NULL },
};
/* clang-format on */

static const struct option_group message_option_group = {"Message", message_rows};

static const struct option_group *const groups[] = {&message_option_group, &connection_option_group,
                                                    &avoid_option_group,   &tls_option_group,
                                                    &login_option_group,   NULL};

/* One run of the command. */
struct sending {
    const struct command *command;
    struct message_options message_options;
    struct connection_options connection;
    struct tls_options tls;
    struct login_options login;
    ph_smtp *smtp;
    ph_message *message;
    ph_result *result;
    struct input input;
    struct problem problem;
    struct send_report report;
};

/* ---- The message ----------------------------------------------------------------------------- */

static const ph_error *make_message(struct sending *sending)
{
    const struct message_options *options = &sending->message_options;
    int status = ph_message_new(NULL, &sending->message);
    if (status == PH_OK)
        status = ph_message_set_from(sending->message, options->from);
    if (status != PH_OK)
        return problem_of_address(&sending->problem, status, PH_PHASE_MAIL, options->from);
    for (size_t i = 0; i < options->to.count; i++) {
        status = ph_message_add_recipient(sending->message, options->to.items[i]);
        if (status != PH_OK)
            return problem_of_address(&sending->problem, status, PH_PHASE_RCPT,
                                      options->to.items[i]);
    }
    status = ph_message_set_content_callback(sending->message, input_read, &sending->input);
    if (status == PH_OK && options->any_recipient)
        status = ph_message_set_recipient_policy(sending->message, PH_RCPT_ANY);
    return status == PH_OK ? NULL
                           : problem_set(&sending->problem, PH_ERR_STATE, PH_PHASE_NONE, 0, "%s",
                                         ph_status_text(status));
}

/* ---- The session ----------------------------------------------------------------------------- */

/* A notice is told at once, and kept for JSON. */
static void take_notice(struct sending *sending)
{
    const char *notice = ph_smtp_notice(sending->smtp);
    struct send_report *report = &sending->report;
    if (!notice || strcmp(notice, report->notice) == 0)
        return;
    (void)snprintf(report->notice, sizeof report->notice, "%s", notice);
    if (!sending->message_options.quiet)
        complain(sending->command, "note: %s", notice);
}

/* The library knows that the callback failed; why, the input knows. */
static const ph_error *error_of_message(struct sending *sending)
{
    const ph_error *error = ph_smtp_error(sending->smtp);
    if (sending->result)
        error = ph_result_error(sending->result);
    if (error->status != PH_ERR_SOURCE || sending->input.failure == 0)
        return error;
    return problem_set(&sending->problem, PH_ERR_SOURCE, PH_PHASE_BODY, sending->input.failure,
                       "reading %s failed in the middle of the message, which was not delivered",
                       sending->input.name);
}

static const ph_error *send_message(struct sending *sending)
{
    const int status = ph_smtp_send(sending->smtp, sending->message);
    progress_end(&sending->input.progress);
    sending->result = ph_smtp_take_result(sending->smtp);
    sending->report.result = sending->result;
    const ph_error *error = status == PH_OK ? NULL : error_of_message(sending);
    /* The error must outlast the session; without a result it is the session's own. */
    if (!error || sending->result) {
        (void)ph_smtp_finish(sending->smtp);
        take_notice(sending);
    }
    return error;
}

static const ph_error *run_session(struct sending *sending)
{
    const ph_error *error = client_start(&sending->login, sending->smtp, &sending->problem);
    sending->report.port = ph_smtp_port(sending->smtp);
    /* Also of a session that ended behind its handshake: which TLS the login was refused over. */
    send_report_note_tls(&sending->report, ph_smtp_tls_info(sending->smtp));
    if (error)
        return error;
    take_notice(sending);
    return send_message(sending);
}

static const ph_error *perform(struct sending *sending, const char *path)
{
    const bool shows_progress = !sending->message_options.quiet && !sending->connection.trace;
    const ph_error *error = make_message(sending);
    if (!error)
        error = input_open(&sending->input, path, shows_progress, &sending->problem);
    if (error)
        return error;
    if (sending->input.fd == STDIN_FILENO && isatty(STDIN_FILENO) == 1 &&
        !sending->message_options.quiet)
        complain(sending->command, "type the message; Ctrl-D on a line of its own ends it");
    error = run_session(sending);
    input_close(&sending->input);
    return error;
}

/* ---- The command ----------------------------------------------------------------------------- */

static void tell_of_refused(const struct sending *sending)
{
    const size_t refused = sending->result ? ph_result_refused_count(sending->result) : 0;
    if (refused > 0)
        complain(sending->command,
                 "note: %zu of %zu recipients %s refused; the others have the "
                 "message",
                 refused, ph_result_recipient_count(sending->result),
                 refused == 1 ? "was" : "were");
}

static void hint_at_policy(const struct sending *sending)
{
    const size_t count = sending->result ? ph_result_recipient_count(sending->result) : 0;
    if (count > 1 && ph_result_refused_count(sending->result) < count &&
        ph_result_refused_count(sending->result) > 0 && !sending->message_options.any_recipient)
        complain(sending->command, "hint: --any-recipient sends to those that are accepted");
}

static int report(struct sending *sending, const ph_error *error)
{
    const struct message_options *options = &sending->message_options;
    sending->report.error = error;
    if (options->json && !send_report_print_json(&sending->report))
        return complain_of_memory(sending->command);
    if (!options->json && !options->quiet)
        send_report_print(&sending->report);
    if (error) {
        const int code = complain_of_error(sending->command, error);
        hint_at_policy(sending);
        return code;
    }
    if (!options->quiet)
        tell_of_refused(sending);
    return EXIT_OK;
}

static int check(const struct sending *sending, const struct operands *operands)
{
    if (!sending->message_options.from)
        return complain_of_usage(sending->command, "--from is missing: --from ADDRESS");
    if (sending->message_options.to.count == 0)
        return complain_of_usage(sending->command, "--to is missing: --to ADDRESS");
    if (operands->count > 1)
        return complain_of_usage(sending->command,
                                 "one message at a time: %s, but then also %s; recipients are "
                                 "given with --to",
                                 operands->items[0], operands->items[1]);
    return EXIT_OK;
}

static int run_checked(struct sending *sending, const struct operands *operands)
{
    int code = check(sending, operands);
    if (code == EXIT_OK)
        code = client_new(sending->command, &sending->connection, &sending->tls, &sending->login,
                          &sending->smtp);
    if (code != EXIT_OK)
        return code;
    sending->report.address = ph_smtp_address(sending->smtp);
    sending->report.port = ph_smtp_port(sending->smtp);
    sending->report.recipients = &sending->message_options.to;
    code = report(sending, perform(sending, operands->count > 0 ? operands->items[0] : NULL));
    ph_result_free(sending->result);
    ph_message_free(sending->message);
    ph_smtp_free(sending->smtp);
    return finish_output(sending->command, code);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct sending sending = {.command = self, .connection = connection_options_default()};
    void *const targets[] = {&sending.message_options, &sending.connection, &sending.connection,
                             &sending.tls, &sending.login};
    struct operands operands;
    int code;
    if (options_read(self, argc, argv, targets, &operands, &code))
        code = run_checked(&sending, &operands);
    option_texts_release(&sending.message_options.to);
    return code;
}

const struct command command_send = {
    .name = "send",
    .summary = "send a message",
    .usage = "--server HOST[:PORT] --from ADDRESS --to ADDRESS...\n"
             "                      [OPTION...] [FILE]",
    .description =
        "Sends FILE, or standard input if there is none or it is -, as it is, and prints one line "
        "for each recipient and one for the message. Line ends become CRLF on the way.\n"
        "Exits with 0 if the message was sent, or as in sysexits.h: 67 if a recipient was refused, "
        "75 if it is worth trying again later.\n",
    .groups = groups,
    .run = run,
};
