/* SPDX-License-Identifier: MIT */
#include "bulk_options.h"

#include <string.h>

#include "cli/exit_code.h"
#include "cli/report.h"

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
      OPTION_NUMBER, FIELD(sending_options, sender.connections), .least = 1, .most = 10000 },
    { "window", "N",
      "how many messages may leave in one flight, of those with one recipient or --any-recipient "
      "and, if read from a file of their own, at most 256 KiB; only for a relay that is known to "
      "read BDAT to its end behind refused recipients; default 1",
      OPTION_NUMBER, FIELD(sending_options, sender.window), .least = 1, .most = 1000 },
    { "rate", "N/s", "how many messages at most in a second; also N/m and N/h",
      OPTION_RATE, FIELD(sending_options, sender.per_second) },
    { "retries", "N",
      "how often a message that was refused for now, or whose connection was lost, is tried again; "
      "default 3",
      OPTION_NUMBER, FIELD(sending_options, retries), .least = 0, .most = 1000000 },
    { "checkpoint", "FILE",
      "record there what became of each message, so that the same command goes on where it was",
      OPTION_TEXT, FIELD(sending_options, checkpoint) },
    { "retry-refused", NULL, "with --checkpoint: send again what was refused for good in an earlier run",
      OPTION_FLAG, FIELD(sending_options, retries_refused) },
    { "retry-unknown", NULL,
      "with --checkpoint: send again what an earlier run may have sent: it may arrive twice",
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

const struct option_group bulk_message_group = {"Messages", message_rows};
const struct option_group bulk_sending_group = {"Sending", sending_rows};
const struct option_group bulk_telling_group = {"Output", telling_rows};

/* ---- Checking -------------------------------------------------------------------------------- */

static int check_source(const struct command *command, const struct message_options *messages,
                        const struct operands *operands)
{
    if (!messages->templ != !messages->recipients)
        return complain_of_usage(command, "--template and --recipients belong together");
    if (messages->templ && operands->count > 0)
        return complain_of_usage(command, "%s: with --template there is nothing else to send",
                                 operands->items[0]);
    if (messages->templ && messages->envelope.to.count > 0)
        return complain_of_usage(command,
                                 "--to: with --template the recipients are those of --recipients");
    if (messages->templ && messages->format != FORMAT_AUTO)
        return complain_of_usage(command,
                                 "--format: with --template there is nothing else to send");
    if (!messages->templ && (operands->count == 0 || *operands->items[0] == '\0'))
        return complain_of_usage(command, "no messages: give a Maildir, an mbox, a file of "
                                          "JSON lines, or - for such lines from standard "
                                          "input");
    if (operands->count > 1)
        return complain_of_usage(command, "one source at a time: %s, but then also %s",
                                 operands->items[0], operands->items[1]);
    if (operands->count == 1 && strcmp(operands->items[0], "-") == 0 &&
        messages->format != FORMAT_AUTO && messages->format != FORMAT_NDJSON)
        return complain_of_usage(command,
                                 "--format %s: from standard input come lines of JSON alone; give "
                                 "the name of the %s",
                                 format_words[messages->format],
                                 messages->format == FORMAT_MAILDIR ? "folder" : "file");
    return EXIT_OK;
}

/* What the command line says of all messages is wrong for all of them, so that none is sent. */
static int check_address(const struct command *command, ph_phase phase, const char *mailbox)
{
    struct problem problem;
    ph_address *address;
    const int status = ph_address_new(mailbox, NULL, &address);
    if (status != PH_OK)
        return complain_of_error(command, problem_of_address(&problem, status, phase, mailbox));
    ph_address_free(address);
    return EXIT_OK;
}

static int check_envelope(const struct command *command, const struct envelope_options *envelope)
{
    int code = envelope->from ? check_address(command, PH_PHASE_MAIL, envelope->from) : EXIT_OK;
    for (size_t i = 0; i < envelope->to.count && code == EXIT_OK; i++)
        code = check_address(command, PH_PHASE_RCPT, envelope->to.items[i]);
    return code;
}

int bulk_options_check(const struct command *command, const struct bulk_options *options,
                       const struct operands *operands)
{
    const struct sending_options *sending = &options->sending;
    if ((sending->retries_refused || sending->retries_unknown) && !sending->checkpoint)
        return complain_of_usage(command, "--retry-%s needs the --checkpoint of the earlier run",
                                 sending->retries_refused ? "refused" : "unknown");
    const int code = check_source(command, &options->messages, operands);
    return code == EXIT_OK ? check_envelope(command, &options->messages.envelope) : code;
}
