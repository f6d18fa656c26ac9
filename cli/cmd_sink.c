/* SPDX-License-Identifier: MIT */
/* posthaste sink: a receiving server for development and tests; this reads its options. */
#include <stdint.h>
#include <stdio.h>

#include "exit_code.h"
#include "report.h"
#include "sink/sink.h"

struct listen_options {
    const char *listen;
    const char *unix_path;
    bool once;
};

struct keep_options {
    const char *maildir;
    bool print;
    bool quiet;
    bool summary;
};

struct demand_options {
    struct option_texts auth;
    bool require_auth;
    bool tls;
    bool require_tls;
    const char *tls_cert;
    const char *tls_key;
    const char *cert_out;
    uint64_t size;
    uint32_t idle_timeout_ms;
};

struct trouble_options {
    struct option_texts reject;
    struct option_texts fail;
    struct option_texts delay;
    struct option_texts drop;
    struct option_texts without;
};

#define FIELD(type, field) .offset = offsetof(struct type, field)

/* clang-format off */
static const struct option listen_rows[] = {
    { "listen", "ADDRESS:PORT",
      "where to listen; default 127.0.0.1:2525; port 0 lets the system choose, and \"listening on\" "
      "tells",
      OPTION_TEXT, FIELD(listen_options, listen) },
    { "unix", "PATH", "listen on a Unix socket instead",
      OPTION_TEXT, FIELD(listen_options, unix_path) },
    { "once", NULL, "end when the first client has gone that delivered mail",
      OPTION_FLAG, FIELD(listen_options, once) },
    { .name = NULL },
};

static const struct option keep_rows[] = {
    { "maildir", "DIRECTORY", "keep each message in this Maildir, with its envelope",
      OPTION_TEXT, FIELD(keep_options, maildir) },
    { "print", NULL, "print each message with its envelope",
      OPTION_FLAG, FIELD(keep_options, print) },
    { "quiet", NULL, "say nothing of what clients do",
      OPTION_FLAG, FIELD(keep_options, quiet) },
    { "summary", NULL, "at the end, say how much came",
      OPTION_FLAG, FIELD(keep_options, summary) },
    { .name = NULL },
};

static const struct option demand_rows[] = {
    { "auth", "USER:PASSWORD", "who can log in; may be repeated",
      OPTION_TEXTS, FIELD(demand_options, auth) },
    { "require-auth", NULL, "take mail only after a login",
      OPTION_FLAG, FIELD(demand_options, require_auth) },
    { "tls", NULL, "TLS from the first byte, in place of STARTTLS",
      OPTION_FLAG, FIELD(demand_options, tls) },
    { "require-tls", NULL, "take mail only over TLS",
      OPTION_FLAG, FIELD(demand_options, require_tls) },
    { "tls-cert", "FILE", "certificate (PEM, with its chain); one is made if none is given",
      OPTION_TEXT, FIELD(demand_options, tls_cert) },
    { "tls-key", "FILE", "its private key (PEM)",
      OPTION_TEXT, FIELD(demand_options, tls_key) },
    { "cert-out", "FILE", "write the certificate there, for --cafile of a client",
      OPTION_TEXT, FIELD(demand_options, cert_out) },
    { "size", "BYTES", "refuse larger messages; 10M is allowed, too",
      OPTION_SIZE, FIELD(demand_options, size) },
    { "idle-timeout", "SECONDS", "say 421 to a client that is silent for so long; default 300",
      OPTION_SECONDS, FIELD(demand_options, idle_timeout_ms) },
    { .name = NULL },
};

static const struct option trouble_rows[] = {
    { "reject", "ADDRESS", "refuse this recipient or sender",
      OPTION_TEXTS, FIELD(trouble_options, reject) },
    { "fail", "COMMAND=REPLY", "answer COMMAND with REPLY: --fail \"DATA=451 later\"",
      OPTION_TEXTS, FIELD(trouble_options, fail) },
    { "delay", "COMMAND=MILLISECONDS", "answer COMMAND so much later",
      OPTION_TEXTS, FIELD(trouble_options, delay) },
    { "drop", "COMMAND", "close the connection in place of an answer",
      OPTION_TEXTS, FIELD(trouble_options, drop) },
    { "without", "EXTENSION", "do not offer this extension",
      OPTION_TEXTS, FIELD(trouble_options, without) },
    { .name = NULL },
};
/* clang-format on */

static const struct option_group listen_group = {"Listening", listen_rows};
static const struct option_group keep_group = {"What becomes of mail", keep_rows};
static const struct option_group demand_group = {"Login, TLS, limits", demand_rows};
static const struct option_group trouble_group = {"Trouble (each may be repeated)", trouble_rows};

static const struct option_group *const groups[] = {&listen_group, &keep_group, &demand_group,
                                                    &trouble_group, NULL};

struct sink {
    struct listen_options listening;
    struct keep_options keeping;
    struct demand_options demands;
    struct trouble_options trouble;
};

static struct ph_sink_list list_of(const struct option_texts *texts)
{
    return (struct ph_sink_list){.items = texts->items, .count = texts->count};
}

static struct ph_sink_options options_of(const struct sink *sink)
{
    return (struct ph_sink_options){
        .listen = sink->listening.listen,
        .unix_path = sink->listening.unix_path,
        .maildir = sink->keeping.maildir,
        .tls_cert = sink->demands.tls_cert,
        .tls_key = sink->demands.tls_key,
        .cert_out = sink->demands.cert_out,
        .auth = list_of(&sink->demands.auth),
        .reject = list_of(&sink->trouble.reject),
        .fail = list_of(&sink->trouble.fail),
        .delay = list_of(&sink->trouble.delay),
        .drop = list_of(&sink->trouble.drop),
        .without = list_of(&sink->trouble.without),
        .size = (size_t)sink->demands.size,
        .idle_timeout_ms = sink->demands.idle_timeout_ms,
        .tls = sink->demands.tls,
        .require_auth = sink->demands.require_auth,
        .require_tls = sink->demands.require_tls,
        .once = sink->listening.once,
        .print = sink->keeping.print,
        .quiet = sink->keeping.quiet,
        .summary = sink->keeping.summary,
    };
}

static int check(const struct command *self, const struct sink *sink,
                 const struct operands *operands)
{
    if (operands->count > 0)
        return complain_of_usage(self, "%s: sink takes options alone", operands->items[0]);
    if (sink->listening.listen && sink->listening.unix_path)
        return complain_of_usage(self, "--listen and --unix exclude each other");
    if (!sink->demands.tls_cert != !sink->demands.tls_key)
        return complain_of_usage(self, "--tls-cert and --tls-key belong together");
    if (sink->demands.size > SIZE_MAX)
        return complain_of_usage(self, "--size is too large for this machine");
    return EXIT_OK;
}

static void release(struct sink *sink)
{
    option_texts_release(&sink->demands.auth);
    option_texts_release(&sink->trouble.reject);
    option_texts_release(&sink->trouble.fail);
    option_texts_release(&sink->trouble.delay);
    option_texts_release(&sink->trouble.drop);
    option_texts_release(&sink->trouble.without);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct sink sink = {.listening = {.listen = NULL}};
    void *const targets[] = {&sink.listening, &sink.keeping, &sink.demands, &sink.trouble};
    struct operands operands;
    int code;
    if (options_read(self, argc, argv, targets, &operands, &code)) {
        code = check(self, &sink, &operands);
        const struct ph_sink_options options = options_of(&sink);
        if (code == EXIT_OK)
            code = finish_output(self, ph_sink_run(&options, stdout, stderr));
    }
    release(&sink);
    return code;
}

const struct command command_sink = {
    .name = "sink",
    .summary = "be a receiving server, to test programs against",
    .usage = "[OPTION...]",
    .description =
        "Takes mail from many clients at once, keeps or prints it, and refuses, delays or drops "
        "wherever it is told to. It delivers nothing to anybody. SIGINT or SIGTERM ends it.\n"
        "COMMAND is a verb, CONNECT (the greeting) or BODY (the end of the content).\n"
        "  posthaste sink --print --reject nobody@example.org --cert-out cert.pem\n"
        "  posthaste send --server localhost:2525 --cafile cert.pem ...\n",
    .groups = groups,
    .run = run,
};
