/* SPDX-License-Identifier: MIT */
/* posthaste bulk: sends many messages; this reads its options and puts the parts together. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulk/identity.h"
#include "bulk/run.h"
#include "bulk/signals.h"
#include "exit_code.h"
#include "report.h"
#include "server_options.h"

enum {
    window_max = 1000,
    window_bytes = 1024 * 1024
};

static const uint32_t usual_progress = UINT32_MAX; /* more than --progress takes */

struct message_options {
    struct envelope_options envelope;
    int format;
    const char *templ;
    const char *recipients;
};

struct sending_options {
    struct sender_options sender;
    const char *checkpoint;
    bool retries_refused;
    bool retries_unknown;
};

struct telling_options {
    struct results results;
    uint32_t progress_ms;
};

static const char *const format_words[] = {
    [FORMAT_AUTO] = "auto",   [FORMAT_MAILDIR] = "maildir", [FORMAT_MBOX] = "mbox",
    [FORMAT_MBOXO] = "mboxo", [FORMAT_NDJSON] = "ndjson",   NULL};

#define FIELD(type, field) .offset = offsetof(struct type, field)

/* clang-format off */
static const struct option message_rows[] = {
    { "from", "ADDRESS",
      "the sender of all messages; without it, each one's Return-Path, Sender or From",
      OPTION_TEXT, FIELD(message_options, envelope.from) },
    { "to", "ADDRESS",
      "a recipient of all messages, given once for each; without it, each one's To, Cc and Bcc",
      OPTION_TEXTS, FIELD(message_options, envelope.to) },
    { "any-recipient", NULL,
      "send to those that are accepted, if some are refused, and again to those refused for now; "
      "without it nobody gets the message then",
      OPTION_FLAG, FIELD(message_options, envelope.any_recipient) },
    { "format", "auto|maildir|mbox|mboxo|ndjson",
      "how the messages are stored; auto (the default) finds out",
      OPTION_CHOICE, FIELD(message_options, format), .words = format_words },
    { "template", "FILE",
      "a message with {{field}}s, sent to each of --recipients",
      OPTION_TEXT, FIELD(message_options, templ) },
    { "recipients", "CSV",
      "their fields, named by its first line; the column to or email is the address",
      OPTION_TEXT, FIELD(message_options, recipients) },
    { .name = NULL },
};

static const struct option sending_rows[] = {
    { "connections", "N", "how many connections at most; default 4",
      OPTION_NUMBER, FIELD(sending_options, sender.connections) },
    { "window", "N",
      "how many messages may leave in one flight; only for a relay that is known to read BDAT to "
      "its end behind refused recipients; default 1",
      OPTION_NUMBER, FIELD(sending_options, sender.window) },
    { "rate", "N/s", "how many messages at most in a second; also N/m and N/h",
      OPTION_RATE, FIELD(sending_options, sender.per_second) },
    { "retries", "N",
      "how often a message that was refused for now, or whose connection was lost, is tried again; "
      "default 3",
      OPTION_NUMBER, FIELD(sending_options, sender.retries) },
    { "checkpoint", "FILE",
      "record there what became of each message, so that the same command goes on where it was",
      OPTION_TEXT, FIELD(sending_options, checkpoint) },
    { "retry-refused", NULL, "send again what was refused for good in an earlier run",
      OPTION_FLAG, FIELD(sending_options, retries_refused) },
    { "retry-unknown", NULL,
      "send again what an earlier run may have sent: it may arrive twice",
      OPTION_FLAG, FIELD(sending_options, retries_unknown) },
    { .name = NULL },
};

static const struct option telling_rows[] = {
    { "json", NULL, "print a JSON object for each message, and one at the end, instead of lines",
      OPTION_FLAG, FIELD(telling_options, results.json) },
    { "progress", "SECONDS",
      "how often to report progress; default 0.2 on a terminal, else 10; 0: never",
      OPTION_SECONDS, FIELD(telling_options, progress_ms) },
    { "quiet", NULL, "print nothing but errors (and JSON, if asked for)",
      OPTION_FLAG, FIELD(telling_options, results.quiet) },
    { .name = NULL },
};
/* clang-format on */

static const struct option_group message_group = {"Messages", message_rows};
static const struct option_group sending_group = {"Sending", sending_rows};
static const struct option_group telling_group = {"Output", telling_rows};

static const struct option_group *const groups[] = {&message_group,
                                                    &sending_group,
                                                    &telling_group,
                                                    &connection_option_group,
                                                    &tls_option_group,
                                                    &login_option_group,
                                                    NULL};

/* One run of the command. */
struct bulk {
    const struct command *command;
    struct message_options messages;
    struct sending_options sending;
    struct telling_options telling;
    struct connection_options connection;
    struct tls_options tls;
    struct login_options login;
    ph_server *server;
    struct checkpoint checkpoint;
    struct run run;
};

/* ---- Checking -------------------------------------------------------------------------------- */

static int check_source(const struct bulk *bulk, const struct operands *operands)
{
    const struct message_options *messages = &bulk->messages;
    if (!messages->templ != !messages->recipients)
        return complain_of_usage(bulk->command, "--template and --recipients belong together");
    if (messages->templ && operands->count > 0)
        return complain_of_usage(bulk->command, "%s: with --template there is nothing else to send",
                                 operands->items[0]);
    if (messages->templ && messages->envelope.to.count > 0)
        return complain_of_usage(bulk->command,
                                 "--to: with --template the recipients are those of --recipients");
    if (messages->templ && messages->format != FORMAT_AUTO)
        return complain_of_usage(bulk->command,
                                 "--format: with --template there is nothing else to send");
    if (!messages->templ && (operands->count == 0 || *operands->items[0] == '\0'))
        return complain_of_usage(bulk->command, "no messages: give a Maildir, an mbox, a file of "
                                                "JSON lines, or - for such lines from standard "
                                                "input");
    if (operands->count > 1)
        return complain_of_usage(bulk->command, "one source at a time: %s, but then also %s",
                                 operands->items[0], operands->items[1]);
    if (operands->count == 1 && strcmp(operands->items[0], "-") == 0 &&
        messages->format != FORMAT_AUTO && messages->format != FORMAT_NDJSON)
        return complain_of_usage(bulk->command,
                                 "--format %s: from standard input come lines of JSON alone; give "
                                 "the name of the %s",
                                 format_words[messages->format],
                                 messages->format == FORMAT_MAILDIR ? "folder" : "file");
    return EXIT_OK;
}

/* What the command line says of all messages is wrong for all of them, so that none is sent. */
static int check_address(const struct bulk *bulk, ph_phase phase, const char *mailbox)
{
    struct problem problem;
    ph_address *address;
    const int status = ph_address_new(mailbox, NULL, &address);
    if (status != PH_OK)
        return complain_of_error(bulk->command,
                                 problem_of_address(&problem, status, phase, mailbox));
    ph_address_free(address);
    return EXIT_OK;
}

static int check_envelope(const struct bulk *bulk)
{
    const struct envelope_options *envelope = &bulk->messages.envelope;
    int code = envelope->from ? check_address(bulk, PH_PHASE_MAIL, envelope->from) : EXIT_OK;
    for (size_t i = 0; i < envelope->to.count && code == EXIT_OK; i++)
        code = check_address(bulk, PH_PHASE_RCPT, envelope->to.items[i]);
    return code;
}

static int check(const struct bulk *bulk, const struct operands *operands)
{
    const struct sending_options *sending = &bulk->sending;
    if ((sending->retries_refused || sending->retries_unknown) && !sending->checkpoint)
        return complain_of_usage(bulk->command,
                                 "--retry-%s needs the --checkpoint of the earlier run",
                                 sending->retries_refused ? "refused" : "unknown");
    if (sending->sender.connections == 0 || sending->sender.connections > 10000)
        return complain_of_usage(bulk->command, "--connections: 1 to 10000");
    if (sending->sender.window == 0 || sending->sender.window > window_max)
        return complain_of_usage(bulk->command, "--window: 1 (none) to %d", window_max);
    const int code = check_source(bulk, operands);
    return code == EXIT_OK ? check_envelope(bulk) : code;
}

/* ---- Running --------------------------------------------------------------------------------- */

/* A failure before the first message, or one that ended the reading. */
static int complain_of_source(const struct bulk *bulk, const ph_error *error)
{
    const int code = complain_of_error(bulk->command, error);
    return error->status == PH_ERR_ARGUMENT ? EXIT_BAD_DATA : code;
}

/* A digest of what else decides which message goes to whom. */
static uint64_t job_of(const struct bulk *bulk)
{
    const struct envelope_options *envelope = &bulk->messages.envelope;
    uint64_t job = digest_add_text(DIGEST_BEGIN, envelope->from ? envelope->from : "\n");
    for (size_t i = 0; i < envelope->to.count; i++)
        job = digest_add_text(job, envelope->to.items[i]);
    return digest_add_text(job, bulk->messages.format == FORMAT_MBOXO ? "mboxo" : "");
}

static void advise(const struct bulk *bulk)
{
    const struct tally *tally = &bulk->run.tally;
    const bool has_checkpoint = bulk->sending.checkpoint != NULL;
    const bool may_repeat = tally->now[KNOWN_SENT] + tally->now[KNOWN_UNKNOWN] > 0;
    if (tally->now[KNOWN_UNKNOWN] + tally->before[KNOWN_UNKNOWN] + tally->before[KNOWN_BEGUN] > 0)
        complain(bulk->command,
                 "note: messages of unknown outcome may have been delivered; they are not sent "
                 "again%s",
                 has_checkpoint ? " unless --retry-unknown says so" : "");
    if (tally->is_incomplete && has_checkpoint)
        complain(bulk->command, "not all was sent; the same command goes on from %s",
                 bulk->sending.checkpoint);
    else if (tally->is_incomplete && may_repeat)
        complain(bulk->command, "not all was sent, and without --checkpoint the same command would "
                                "send again what was");
}

static int end_of_run(const struct bulk *bulk, const ph_error *error)
{
    const int code = tally_exit_code(&bulk->run.tally);
    const int error_code = error ? complain_of_source(bulk, error) : EXIT_OK;
    if (!bulk->telling.results.quiet && sender_notice(bulk->run.sender))
        complain(bulk->command, "note: %s", sender_notice(bulk->run.sender));
    advise(bulk);
    /* An unknown outcome must not be hidden by what it was that ended the run. */
    return error_code != EXIT_OK && code != EXIT_PROTOCOL ? error_code : code;
}

static int run_with_signals(struct bulk *bulk)
{
    if (!signals_catch()) {
        complain(bulk->command, "no pipe can be made: %s", strerror(errno));
        return EXIT_SYSTEM;
    }
    const ph_error *error = run_all(&bulk->run);
    const int code = end_of_run(bulk, error);
    signals_release();
    return code;
}

static int run_with_sender(struct bulk *bulk)
{
    struct run *run = &bulk->run;
    const int status =
        sender_new(bulk->server, &bulk->sending.sender, run_take_back, run, &run->sender);
    if (status != PH_OK) {
        complain(bulk->command, "%s; nothing was sent", ph_status_text((ph_status)status));
        return EXIT_SYSTEM;
    }
    const int code = run_with_signals(bulk);
    sender_free(run->sender);
    return code;
}

static int run_with_checkpoint(struct bulk *bulk)
{
    struct problem problem;
    if (!bulk->sending.checkpoint)
        return run_with_sender(bulk);
    const ph_error *error = checkpoint_open(&bulk->checkpoint, bulk->sending.checkpoint,
                                            bulk->run.source, job_of(bulk), &problem);
    if (error)
        return complain_of_error(bulk->command, error);
    bulk->run.checkpoint = &bulk->checkpoint;
    bulk->sending.sender.is_recorded = true;
    const int code = run_with_sender(bulk);
    const int failure = checkpoint_close(&bulk->checkpoint);
    if (failure == 0)
        return code;
    complain(bulk->command, "the checkpoint %s may be lost: %s", bulk->sending.checkpoint,
             strerror(failure));
    return code == EXIT_OK ? EXIT_OUTPUT : code;
}

static int run_with_source(struct bulk *bulk, const struct operands *operands)
{
    struct problem problem;
    const struct telling_options *telling = &bulk->telling;
    const struct source_options options = {.format = bulk->messages.format,
                                           .path = operands->count ? operands->items[0] : NULL,
                                           .templ = bulk->messages.templ,
                                           .recipients = bulk->messages.recipients,
                                           .envelope = &bulk->messages.envelope};
    bulk->run = (struct run){.command = bulk->command,
                             .results = telling->results,
                             .retries = bulk->sending.sender.retries,
                             .retries_refused = bulk->sending.retries_refused,
                             .retries_unknown = bulk->sending.retries_unknown,
                             .progress_ms =
                                 telling->progress_ms == usual_progress ? 0 : telling->progress_ms,
                             .shows_progress = telling->progress_ms > 0 &&
                                               !telling->results.quiet && !bulk->connection.trace};
    const ph_error *error = source_open(&options, &bulk->run.source, &problem);
    if (error)
        return complain_of_source(bulk, error);
    const int code = run_with_checkpoint(bulk);
    source_free(bulk->run.source);
    return code;
}

static int run_checked(struct bulk *bulk, const struct operands *operands)
{
    int code = check(bulk, operands);
    if (code == EXIT_OK)
        code =
            server_new(bulk->command, &bulk->connection, &bulk->tls, &bulk->login, &bulk->server);
    if (code != EXIT_OK)
        return code;
    if (ph_server_set_window(bulk->server, (uint32_t)bulk->sending.sender.window, window_bytes) !=
        PH_OK)
        code = complain_of_memory(bulk->command);
    else
        code = run_with_source(bulk, operands);
    ph_server_free(bulk->server);
    return finish_output(bulk->command, code);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct bulk bulk = {.command = self,
                        .sending = {.sender = {.connections = 4, .retries = 3, .window = 1}},
                        .telling = {.progress_ms = usual_progress},
                        .connection = connection_options_default()};
    void *const targets[] = {&bulk.messages,   &bulk.sending, &bulk.telling,
                             &bulk.connection, &bulk.tls,     &bulk.login};
    struct operands operands;
    int code;
    if (options_read(self, argc, argv, targets, &operands, &code))
        code = run_checked(&bulk, &operands);
    option_texts_release(&bulk.messages.envelope.to);
    return code;
}

const struct command command_bulk = {
    .name = "bulk",
    .summary = "send many messages",
    .usage = "--server HOST[:PORT] [OPTION...] (MAILDIR | MBOX | NDJSON-FILE | -)\n"
             "       posthaste bulk --server HOST[:PORT] [OPTION...]\n"
             "                      --template FILE --recipients CSV",
    .description =
        "Sends every message of a Maildir, an mbox or a file of JSON lines, or one to each "
        "recipient of a list, over several connections, and reports its progress. SIGINT, SIGTERM "
        "or SIGHUP "
        "lets it finish what is under way; with --checkpoint the same command goes on afterwards, "
        "and no message is sent twice.\n"
        "A JSON line is {\"from\": ..., \"to\": ..., \"body\": ...}; posthaste-bulk(1) tells the "
        "rest.\n"
        "Exits with 0 if all were sent, 1 if some messages or recipients were refused for good, 75 "
        "if running it again may send the rest, 76 if the outcome of some is unknown; if none was "
        "sent, as send "
        "does.\n",
    .page = "posthaste-bulk",
    .groups = groups,
    .run = run,
};
