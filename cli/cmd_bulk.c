/* SPDX-License-Identifier: MIT */
/* posthaste bulk: sends many messages; this reads its options and puts the parts together. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulk/bulk_options.h"
#include "bulk/descriptors.h"
#include "bulk/identity.h"
#include "bulk/run.h"
#include "bulk/signals.h"
#include "exit_code.h"
#include "report.h"
#include "server_options.h"

enum {
    window_bytes = 1024 * 1024
};

static const uint32_t usual_progress = UINT32_MAX; /* more than --progress takes */

static const struct option_group *const groups[] = {
    &bulk_message_group, &bulk_sending_group, &bulk_telling_group, &connection_option_group,
    &avoid_option_group, &tls_option_group,   &login_option_group, NULL};

/* One run of the command. */
struct bulk {
    const struct command *command;
    struct bulk_options options;
    struct connection_options connection;
    struct tls_options tls;
    struct login_options login;
    ph_server *server;
    struct checkpoint checkpoint;
    struct run run;
};

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
    const struct envelope_options *envelope = &bulk->options.messages.envelope;
    uint64_t job = digest_add_text(DIGEST_BEGIN, envelope->from ? envelope->from : "\n");
    for (size_t i = 0; i < envelope->to.count; i++)
        job = digest_add_text(job, envelope->to.items[i]);
    return digest_add_text(job, bulk->options.messages.format == FORMAT_MBOXO ? "mboxo" : "");
}

static void advise(const struct bulk *bulk)
{
    const struct tally *tally = &bulk->run.tally;
    const bool has_checkpoint = bulk->options.sending.checkpoint != NULL;
    const bool may_repeat = tally->now[KNOWN_SENT] + tally->now[KNOWN_UNKNOWN] > 0;
    if (tally->now[KNOWN_UNKNOWN] + tally->before[KNOWN_UNKNOWN] + tally->before[KNOWN_BEGUN] > 0)
        complain(bulk->command,
                 "note: messages of unknown outcome may have been delivered; they are not sent "
                 "again%s",
                 has_checkpoint ? " unless --retry-unknown says so" : "");
    if (bulk->run.is_other_source)
        return; /* what is to be done then was said */
    if (tally->is_incomplete && has_checkpoint)
        complain(bulk->command, "not all was sent; the same command goes on from %s",
                 bulk->options.sending.checkpoint);
    else if (tally->is_incomplete && may_repeat)
        complain(bulk->command, "not all was sent, and without --checkpoint the same command would "
                                "send again what was");
}

static int end_of_run(const struct bulk *bulk, const ph_error *error)
{
    const int code = tally_exit_code(&bulk->run.tally);
    const int error_code = error ? complain_of_source(bulk, error) : EXIT_OK;
    if (!bulk->options.telling.results.quiet && sender_notice(bulk->run.sender))
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
    descriptors_allow(bulk->options.sending.sender.connections);
    const int status =
        sender_new(bulk->server, &bulk->options.sending.sender, run_take_back, run, &run->sender);
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
    if (!bulk->options.sending.checkpoint)
        return run_with_sender(bulk);
    const ph_error *error = checkpoint_open(&bulk->checkpoint, bulk->options.sending.checkpoint,
                                            bulk->run.source, job_of(bulk), &problem);
    if (error)
        return complain_of_error(bulk->command, error);
    bulk->run.checkpoint = &bulk->checkpoint;
    bulk->options.sending.sender.is_recorded = true;
    const int code = run_with_sender(bulk);
    const int failure = checkpoint_close(&bulk->checkpoint);
    if (failure == 0)
        return code;
    complain(bulk->command, "the checkpoint %s may be lost: %s", bulk->options.sending.checkpoint,
             strerror(failure));
    return code == EXIT_OK ? EXIT_OUTPUT : code;
}

static int run_with_source(struct bulk *bulk, const struct operands *operands)
{
    struct problem problem;
    const struct telling_options *telling = &bulk->options.telling;
    const struct source_options options = {.format = bulk->options.messages.format,
                                           .path = operands->count ? operands->items[0] : NULL,
                                           .templ = bulk->options.messages.templ,
                                           .recipients = bulk->options.messages.recipients,
                                           .envelope = &bulk->options.messages.envelope};
    bulk->run = (struct run){.command = bulk->command,
                             .results = telling->results,
                             .retries = bulk->options.sending.retries,
                             .retries_refused = bulk->options.sending.retries_refused,
                             .retries_unknown = bulk->options.sending.retries_unknown,
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
    int code = bulk_options_check(bulk->command, &bulk->options, operands);
    if (code == EXIT_OK)
        code =
            server_new(bulk->command, &bulk->connection, &bulk->tls, &bulk->login, &bulk->server);
    if (code != EXIT_OK)
        return code;
    if (ph_server_set_window(bulk->server, (uint32_t)bulk->options.sending.sender.window,
                             window_bytes) != PH_OK)
        code = complain_of_memory(bulk->command);
    else
        code = run_with_source(bulk, operands);
    ph_server_free(bulk->server);
    return finish_output(bulk->command, code);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct bulk bulk = {
        .command = self,
        .options = {.sending = {.sender = {.connections = 4, .window = 1}, .retries = 3},
                    .telling = {.progress_ms = usual_progress}},
        .connection = connection_options_default()};
    void *const targets[] = {&bulk.options.messages,
                             &bulk.options.sending,
                             &bulk.options.telling,
                             &bulk.connection,
                             &bulk.connection,
                             &bulk.tls,
                             &bulk.login};
    struct operands operands;
    int code;
    if (options_read(self, argc, argv, targets, &operands, &code))
        code = run_checked(&bulk, &operands);
    option_texts_release(&bulk.options.messages.envelope.to);
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
