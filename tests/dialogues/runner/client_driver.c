/* SPDX-License-Identifier: MIT */
/*
 * A dialogue over a real socket, through the blocking client: this thread runs the operations,
 * another plays the server's lines.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "dialogues/runner/driver.h"
#include "dialogues/runner/expectation.h"

enum {
    patience_ms = 60000
};

struct run {
    const struct dialogue *dialogue;
    int fds[2]; /* the client's, the server's */
    SSL *ssl;
    const char *server_problem;
    char problem_text[8192];
    ph_smtp *smtp;
    struct trace_text trace;
    struct words words;
    struct mail mail;
    ph_address *address;
    int status;
};

/* ---- The server ------------------------------------------------------------------------------ */

static SSL_CTX *new_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    if (!ctx || !key || !certificate)
        abort();
    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    (void)X509_set_pubkey(certificate, key);
    (void)X509_sign(certificate, key, EVP_sha256());
    (void)SSL_CTX_use_certificate(ctx, certificate);
    (void)SSL_CTX_use_PrivateKey(ctx, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return ctx;
}

static bool is_readable(const struct run *run)
{
    struct pollfd wait = {.fd = run->fds[1], .events = POLLIN};
    return (run->ssl && SSL_pending(run->ssl) > 0) || poll(&wait, 1, patience_ms) == 1;
}

static bool hear(struct run *run, const struct item *item)
{
    char *got = malloc(item->length + 1);
    size_t length = 0;
    while (length < item->length && is_readable(run)) {
        const size_t room = item->length - length;
        const ssize_t n = run->ssl ? SSL_read(run->ssl, got + length, (int)room)
                                   : recv(run->fds[1], got + length, room, 0);
        if (n <= 0)
            break;
        length += (size_t)n;
    }
    const bool is_same = length == item->length && memcmp(got, item->text, length) == 0;
    if (!is_same) {
        char escaped[2000];
        (void)snprintf(escaped, sizeof escaped, "%.1900s", shown(got, length));
        (void)snprintf(run->problem_text, sizeof run->problem_text,
                       "%s, line %d: the client wrote\n%s\nand not\n%s", run->dialogue->name,
                       item->line, escaped, shown(item->text, item->length));
        run->server_problem = run->problem_text;
    }
    free(got);
    return is_same;
}

static bool say(const struct run *run, const struct item *item)
{
    if (run->ssl)
        return SSL_write(run->ssl, item->text, (int)item->length) > 0;
    size_t sent = 0;
    while (sent < item->length) {
        const ssize_t n = send(run->fds[1], item->text + sent, item->length - sent, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        sent += (size_t)n;
    }
    return true;
}

static bool serve_item(struct run *run, const struct item *item, SSL_CTX *ctx)
{
    switch (item->kind) {
    case ITEM_CLIENT:
        return hear(run, item);
    case ITEM_SERVER:
        return say(run, item);
    case ITEM_TLS:
        run->ssl = SSL_new(ctx);
        (void)SSL_set_fd(run->ssl, run->fds[1]);
        return SSL_accept(run->ssl) == 1;
    case ITEM_CLOSE:
        return false;
    case ITEM_DO:
    case ITEM_EXPECT:
        break;
    }
    return true;
}

static void *serve(void *argument)
{
    struct run *run = argument;
    SSL_CTX *ctx = new_context();
    sigset_t pipe_signal; /* OpenSSL's own writes raise it; the client's must not */
    (void)sigemptyset(&pipe_signal);
    (void)sigaddset(&pipe_signal, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    for (size_t i = 0; i < run->dialogue->count; i++) {
        if (!serve_item(run, &run->dialogue->items[i], ctx))
            break;
    }
    if (run->ssl)
        (void)SSL_shutdown(run->ssl);
    (void)shutdown(run->fds[1], SHUT_WR);
    SSL_free(run->ssl);
    SSL_CTX_free(ctx);
    return NULL;
}

/* ---- Operations ------------------------------------------------------------------------------ */

static int dial(const char *address, int port, uint32_t timeout_ms, int *fd, void *user_data)
{
    struct run *run = user_data;
    (void)address;
    (void)port;
    (void)timeout_ms;
    *fd = run->fds[0];
    run->fds[0] = -1;
    return *fd < 0 ? ECONNREFUSED : 0;
}

static int set_tls(struct run *run)
{
    const char *starttls = words_value(&run->words, "starttls");
    ph_tls_config_set_verify(ph_smtp_tls_config(run->smtp), false);
    if (words_has(&run->words, "tls"))
        return ph_smtp_enable_tls(run->smtp);
    if (!starttls || strcmp(starttls, "off") == 0)
        return ph_smtp_disable_starttls(run->smtp);
    return strcmp(starttls, "auto") == 0 ? ph_smtp_enable_starttls_auto(run->smtp)
                                         : ph_smtp_enable_starttls(run->smtp);
}

static int do_start(struct run *run)
{
    const struct words *words = &run->words;
    const char *helo = words_value(words, "helo");
    const int status = set_tls(run);
    ph_smtp_set_esmtp(run->smtp, !words_has(words, "no-esmtp"));
    ph_smtp_set_trace_secrets(run->smtp, words_has(words, "show-secrets"));
    if (status != PH_OK)
        return status;
    return ph_smtp_start(run->smtp, helo ? helo : "client.example.org", words_value(words, "user"),
                         words_value(words, "secret"), words_value(words, "mechanism"));
}

static int do_address(struct run *run, bool is_mail)
{
    const char *mailbox = run->words.count > 1 ? run->words.word[1] : NULL;
    if (run->words.count <= 2)
        return is_mail ? ph_smtp_mailfrom(run->smtp, mailbox) : ph_smtp_rcptto(run->smtp, mailbox);
    ph_address_free(run->address);
    const int status = address_make(&run->words, NULL, &run->address);
    if (status != PH_OK)
        return status;
    return is_mail ? ph_smtp_mailfrom_address(run->smtp, run->address)
                   : ph_smtp_rcptto_address(run->smtp, run->address);
}

static int write_body(ph_writer *writer, void *user_data)
{
    const struct mail *mail = user_data;
    int status = PH_OK;
    for (size_t i = 0; i < mail->body_length && status == PH_OK; i++)
        status = ph_writer_write(writer, mail->body + i, 1);
    return status;
}

static int give_up(ph_writer *writer, void *user_data)
{
    const int status = write_body(writer, user_data);
    return status == PH_OK ? 1 : status;
}

static int do_stream(struct run *run)
{
    mail_make(&run->mail, &run->words);
    const char *to[] = {words_value(&run->words, "to")};
    return ph_smtp_open_message_stream(run->smtp, words_value(&run->words, "from"), to, 1,
                                       words_has(&run->words, "fails") ? give_up : write_body,
                                       &run->mail);
}

static int do_data(struct run *run)
{
    mail_make(&run->mail, &run->words);
    return ph_smtp_data(run->smtp, run->mail.body, run->mail.body_length);
}

static int do_send(struct run *run)
{
    mail_make(&run->mail, &run->words);
    return ph_smtp_send(run->smtp, run->mail.message);
}

static int do_list(struct run *run)
{
    const char *const *to = (const char *const *)run->words.word + 1;
    return ph_smtp_rcptto_list(run->smtp, to, run->words.count - 1);
}

static int do_auth(struct run *run)
{
    return ph_smtp_authenticate(run->smtp, words_value(&run->words, "user"),
                                words_value(&run->words, "secret"),
                                words_value(&run->words, "mechanism"));
}

static const struct {
    const char *name;
    int (*without)(ph_smtp *smtp);
    int (*with)(ph_smtp *smtp, const char *argument);
} singles[] = {
    {"helo", NULL, ph_smtp_helo},         {"ehlo", NULL, ph_smtp_ehlo},
    {"starttls", ph_smtp_starttls, NULL}, {"rset", ph_smtp_rset, NULL},
    {"noop", ph_smtp_noop, NULL},         {"vrfy", NULL, ph_smtp_vrfy},
    {"help", NULL, ph_smtp_help},         {"quit", ph_smtp_quit, NULL},
    {"raw", NULL, ph_smtp_command},       {"finish", ph_smtp_finish, NULL},
};

static int do_single(struct run *run)
{
    const char *argument = run->words.count > 1 ? run->words.word[1] : NULL;
    for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++) {
        if (strcmp(singles[i].name, run->words.word[0]) != 0)
            continue;
        return singles[i].with ? singles[i].with(run->smtp, argument)
                               : singles[i].without(run->smtp);
    }
    (void)fprintf(stderr, "%s: no operation is called %s\n", run->dialogue->name,
                  run->words.word[0]);
    exit(2);
}

static int operate(struct run *run)
{
    static const struct {
        const char *name;
        int (*run)(struct run *run);
    } operations[] = {{"start", do_start}, {"send", do_send}, {"stream", do_stream},
                      {"data", do_data},   {"auth", do_auth}, {"rcptto-list", do_list}};
    const char *name = run->words.word[0];
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (strcmp(operations[i].name, name) == 0)
            return operations[i].run(run);
    }
    if (strcmp(name, "mailfrom") == 0 || strcmp(name, "rcptto") == 0)
        return do_address(run, name[0] == 'm');
    return do_single(run);
}

/* ---- Running --------------------------------------------------------------------------------- */

static const char *expect(struct run *run, const struct item *item)
{
    const struct state state = {
        .status = run->status,
        .error = ph_smtp_error(run->smtp),
        .reply = ph_smtp_reply(run->smtp),
        .result = ph_smtp_result(run->smtp),
        .capabilities = ph_smtp_capabilities(run->smtp),
        .notice = ph_smtp_notice(run->smtp),
        .trace = run->trace.text,
        .is_started = ph_smtp_started(run->smtp),
        .is_broken = strcmp(item->text, "broken") == 0
                         ? !ph_smtp_started(run->smtp) || ph_smtp_noop(run->smtp) == PH_ERR_BROKEN
                         : false,
    };
    const char *problem = expectation_problem(item->text, &state);
    return problem ? tell_at(run->dialogue, item, "%s", problem) : NULL;
}

static const char *run_operations(struct run *run)
{
    bool has_words = false;
    const char *problem = NULL;
    for (size_t i = 0; i < run->dialogue->count && !problem; i++) {
        const struct item *item = &run->dialogue->items[i];
        if (item->kind == ITEM_DO) {
            if (has_words)
                words_release(&run->words);
            mail_release(&run->mail);
            words_split(&run->words, item->text);
            has_words = true;
            run->status = operate(run);
        } else if (item->kind == ITEM_EXPECT) {
            problem = expect(run, item);
        }
    }
    if (has_words)
        words_release(&run->words);
    return problem;
}

const char *run_over_client(const struct dialogue *dialogue)
{
    static char text[8192];
    struct run *run = calloc(1, sizeof *run);
    pthread_t thread;
    run->dialogue = dialogue;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, run->fds) != 0 ||
        pthread_create(&thread, NULL, serve, run) != 0 ||
        ph_smtp_new("mx.example.net", 25, NULL, &run->smtp) != PH_OK)
        abort();
    ph_smtp_set_dial(run->smtp, dial, run);
    ph_smtp_set_read_timeout(run->smtp, patience_ms);
    ph_smtp_set_trace(run->smtp, trace_append, &run->trace);
    const char *problem = run_operations(run);
    ph_smtp_free(run->smtp);
    if (run->fds[0] >= 0)
        (void)close(run->fds[0]);
    (void)pthread_join(thread, NULL);
    (void)close(run->fds[1]);
    if (run->server_problem) /* what was written wrong explains what failed */
        problem = run->server_problem;
    if (problem)
        (void)snprintf(text, sizeof text, "%s", problem);
    mail_release(&run->mail);
    ph_address_free(run->address);
    free(run);
    return problem ? text : NULL;
}
