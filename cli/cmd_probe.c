/* SPDX-License-Identifier: MIT */
/* posthaste probe: what a server offers before and after TLS, and its certificates. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <posthaste/posthaste.h>

#include "exit_code.h"
#include "probe.h"
#include "report.h"
#include "server_options.h"

struct probe_options {
    bool json;
};

/* clang-format off */
static const struct option probe_rows[] = {
    { "json", NULL, "print one JSON object in place of lines",
      OPTION_FLAG, .offset = offsetof(struct probe_options, json) },
    { .name = NULL },
};
/* clang-format on */

static const struct option_group probe_option_group = {"Output", probe_rows};

static const struct option_group *const groups[] = {&connection_option_group, &tls_option_group,
                                                    &probe_option_group, NULL};

/* One run of the command. */
struct probing {
    const struct command *command;
    struct connection_options connection;
    struct tls_options tls;
    struct probe_options options;
    struct probe probe;
};

/* ---- What is asked of a session -------------------------------------------------------------- */

const ph_smtp *probe_started(const ph_smtp *smtp)
{
    return smtp && ph_smtp_started(smtp) ? smtp : NULL;
}

const ph_smtp *probe_best(const struct probe *probe)
{
    const ph_smtp *secure = probe_started(probe->secure);
    return secure ? secure : probe_started(probe->plain);
}

bool probe_size_limit(const ph_smtp *smtp, uint64_t *bytes)
{
    const char *text = ph_capabilities_parameters(ph_smtp_capabilities(smtp), "SIZE");
    if (!text || (*text != '\0' && !isdigit((unsigned char)*text)))
        return false;
    errno = 0;
    *bytes = strtoumax(text, NULL, 10);
    return errno == 0 && *bytes <= INT64_MAX;
}

void probe_write_time(char *text, size_t size, int64_t seconds)
{
    const time_t moment = (time_t)seconds;
    struct tm parts;
    if (!gmtime_r(&moment, &parts) || strftime(text, size, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
        (void)snprintf(text, size, "%lld", (long long)seconds);
}

/* ---- Sessions -------------------------------------------------------------------------------- */

static int start(struct probing *probing, ph_smtp *smtp)
{
    struct problem problem; /* a password's, and there is none */
    probing->probe.error = client_start(NULL, smtp, &problem);
    return exit_code_of_error(probing->probe.error);
}

/* Verification is off, so that a bad certificate can be shown; OpenSSL judges it all the same. */
static int start_secure(struct probing *probing)
{
    const struct connection_options *connection = &probing->connection;
    int code =
        client_new(probing->command, connection, &probing->tls, NULL, &probing->probe.secure);
    if (code != EXIT_OK)
        return code;
    ph_tls_config_set_verify(ph_smtp_tls_config(probing->probe.secure), false);
    if (!connection->tls && ph_smtp_enable_starttls(probing->probe.secure) != PH_OK)
        return EXIT_SOFTWARE;
    return start(probing, probing->probe.secure);
}

static int start_plain(struct probing *probing)
{
    const struct connection_options *connection = &probing->connection;
    int code = client_new(probing->command, connection, &probing->tls, NULL, &probing->probe.plain);
    if (code != EXIT_OK)
        return code;
    if (ph_smtp_disable_starttls(probing->probe.plain) != PH_OK)
        return EXIT_SOFTWARE;
    return start(probing, probing->probe.plain);
}

/* Says why the certificate would be refused, in the words of a session that refuses it. */
static int tell_refusal(const struct probing *probing, const char *reason)
{
    struct problem problem;
    ph_smtp *smtp;
    const int code = client_new(probing->command, &probing->connection, &probing->tls, NULL, &smtp);
    if (code != EXIT_OK)
        return code;
    ph_tls_config_set_verify(ph_smtp_tls_config(smtp), true);
    const ph_error *error = client_start(NULL, smtp, &problem);
    if (error && error->status == PH_ERR_CERTIFICATE)
        (void)complain_of_error(probing->command, error);
    else
        complain(probing->command, "the certificate would be refused: %s", reason);
    ph_smtp_free(smtp);
    return EXIT_CONFIGURATION;
}

static int judge(const struct probing *probing)
{
    const ph_tls_info *tls = ph_smtp_tls_info(probing->probe.secure);
    if (!tls->verify_error || probing->tls.no_verify)
        return EXIT_OK;
    return tell_refusal(probing, tls->verify_error);
}

static int open_sessions(struct probing *probing)
{
    int code = EXIT_OK;
    probing->probe.is_implicit = probing->connection.tls;
    if (!probing->connection.tls) {
        code = start_plain(probing);
        if (code != EXIT_OK || probing->connection.starttls == STARTTLS_NEVER)
            return code;
        /* If it must be used, the attempt says why it cannot. */
        if (ph_smtp_capable_starttls(probing->probe.plain) != 1 &&
            probing->connection.starttls != STARTTLS_ALWAYS)
            return EXIT_OK;
    }
    return start_secure(probing);
}

/* ---- The command ----------------------------------------------------------------------------- */

static int report(const struct probing *probing, int code)
{
    const struct probe *probe = &probing->probe;
    if (!probe->error && code != EXIT_OK) /* of the command line; it has been told */
        return code;
    if (probing->options.json && !probe_print_json(probe))
        return complain_of_memory(probing->command);
    if (!probing->options.json)
        probe_print(probe);
    (void)fflush(stdout);
    if (probe->error)
        return complain_of_error(probing->command, probe->error);
    return probe_started(probe->secure) ? judge(probing) : EXIT_OK;
}

static void finish(ph_smtp *smtp)
{
    if (probe_started(smtp))
        (void)ph_smtp_finish(smtp);
    ph_smtp_free(smtp);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct probing probing = {.command = self, .connection = connection_options_default()};
    void *const targets[] = {&probing.connection, &probing.tls, &probing.options};
    struct operands operands;
    int code;
    if (!options_read(self, argc, argv, targets, &operands, &code))
        return code;
    if (operands.count > 0)
        return complain_of_usage(self,
                                 "%s: probe takes options alone; the server is given with "
                                 "--server",
                                 operands.items[0]);
    code = report(&probing, open_sessions(&probing));
    finish(probing.probe.secure);
    finish(probing.probe.plain);
    return finish_output(self, code);
}

const struct command command_probe = {
    .name = "probe",
    .summary = "show what a server offers, and its certificates",
    .usage = "--server HOST[:PORT] [OPTION...]",
    .description =
        "Shows what a server offers before and after TLS, its certificates and whether they would "
        "be accepted, its login mechanisms and its limits. Sends no mail and no password.\n"
        "Exits with 0 if the server can be used, 78 if its certificate would be refused (0 with "
        "--no-tls-verify), or as posthaste send does when no session can be had.\n",
    .groups = groups,
    .run = run,
};
