/* SPDX-License-Identifier: MIT */
/* What `posthaste probe` found out, in lines. */
#include "probe.h"

#include <stdio.h>
#include <time.h>

#include "printable.h"

static void print_field(const char *indent, const char *name, const char *value)
{
    (void)printf("%s%s: ", indent, name);
    print_safely(value);
    (void)putchar('\n');
}

static void print_capabilities(const char *when, const ph_smtp *smtp)
{
    const ph_capabilities *capabilities = ph_smtp_capabilities(smtp);
    const ph_reply *reply = ph_smtp_reply(smtp);
    (void)printf("%s:\n", when);
    print_field("  ", "calls itself", reply ? ph_reply_line(reply, 0) : NULL);
    if (ph_capabilities_count(capabilities) == 0)
        (void)printf("  no extensions\n");
    for (size_t i = 0; i < ph_capabilities_count(capabilities); i++) {
        const char *keyword = ph_capabilities_keyword(capabilities, i);
        const char *parameters = ph_capabilities_parameters(capabilities, keyword);
        (void)printf("  ");
        print_safely(keyword);
        if (parameters && *parameters != '\0') {
            (void)putchar(' ');
            print_safely(parameters);
        }
        (void)putchar('\n');
    }
}

/* ---- TLS ------------------------------------------------------------------------------------- */

static void print_validity(const ph_certificate *certificate)
{
    char from[40];
    char until[40];
    const int64_t now = (int64_t)time(NULL);
    const int64_t day = 86400;
    probe_write_time(from, sizeof from, certificate->not_before);
    probe_write_time(until, sizeof until, certificate->not_after);
    (void)printf("  valid: %s to %s ", from, until);
    if (now < certificate->not_before)
        (void)printf("(NOT YET VALID)\n");
    else if (now > certificate->not_after)
        (void)printf("(EXPIRED %lld days ago)\n",
                     (long long)((now - certificate->not_after) / day));
    else
        (void)printf("(%lld days left)\n", (long long)((certificate->not_after - now) / day));
}

static void print_certificate(const ph_tls_info *tls, size_t i)
{
    const ph_certificate *certificate = &tls->chain[i];
    (void)printf("certificate %zu of %zu:\n", i + 1, tls->chain_length);
    print_field("  ", "subject", certificate->subject);
    print_field("  ", "issuer", certificate->issuer);
    if (i == 0)
        print_field("  ", "names", certificate->names);
    print_validity(certificate);
    print_field("  ", "sha256", certificate->sha256);
}

static void print_tls(const struct probe *probe)
{
    const ph_tls_info *tls = ph_smtp_tls_info(probe->secure);
    (void)printf("TLS (%s): %s, %s\n", probe->is_implicit ? "from the first byte" : "by STARTTLS",
                 tls->version, tls->cipher);
    for (size_t i = 0; i < tls->chain_length; i++)
        print_certificate(tls, i);
    (void)printf("verdict: the certificate is ");
    if (!tls->verify_error)
        (void)printf("good for ");
    else
        (void)printf("REFUSED (%s) for ", tls->verify_error);
    print_safely(tls->hostname);
    (void)putchar('\n');
}

/* ---- All of it ------------------------------------------------------------------------------- */

static void print_mechanisms(const char *when, const ph_smtp *smtp)
{
    const ph_capabilities *capabilities = ph_smtp_capabilities(smtp);
    const size_t count = ph_capabilities_auth_count(capabilities);
    (void)printf("mechanisms %s: %s", when, count == 0 ? "none" : "");
    for (size_t i = 0; i < count; i++) {
        (void)printf("%s", i > 0 ? ", " : "");
        print_safely(ph_capabilities_auth(capabilities, i));
    }
    (void)putchar('\n');
}

static void print_size_limit(const ph_smtp *smtp)
{
    uint64_t bytes;
    if (!probe_size_limit(smtp, &bytes))
        (void)printf("message size limit: not said\n");
    else if (bytes == 0)
        (void)printf("message size limit: none that is fixed\n");
    else
        (void)printf("message size limit: %llu bytes (%.1f MiB)\n", (unsigned long long)bytes,
                     (double)bytes / (1024 * 1024));
}

void probe_print(const struct probe *probe)
{
    const ph_smtp *plain = probe_started(probe->plain);
    const ph_smtp *secure = probe_started(probe->secure);
    const ph_smtp *best = probe_best(probe);
    if (!best)
        return;
    (void)printf("server: %s port %d\n", ph_smtp_address(best), ph_smtp_port(best));
    if (plain)
        print_capabilities("before TLS", plain);
    if (secure) {
        print_tls(probe);
        print_capabilities("after TLS", secure);
    } else if (!probe->error) {
        (void)printf("TLS: %s\n", ph_smtp_capable_starttls(plain) == 1
                                      ? "STARTTLS is offered, and was not tried"
                                      : "STARTTLS is not offered");
    }
    if (plain)
        print_mechanisms("before TLS", plain);
    if (secure)
        print_mechanisms("after TLS", secure);
    print_size_limit(best);
}
