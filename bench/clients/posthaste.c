/* SPDX-License-Identifier: MIT */
/* posthaste by ph_connection, in the loop that its header shows. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <posthaste/openssl.h>
#include <posthaste/posthaste.h>

#include "job.h"
#include "job_tls.h"
#include "posthaste_job.h"

enum {
    window = 64,
    window_bytes = 1024 * 1024,
    slots_max = window
};

struct sending {
    const struct job *job;
    ph_connection *connection;
    ph_message *messages[slots_max]; /* each is sent again and again */
    int fds[slots_max];              /* of its content, if that is a file */
    long added;
    long done;
    struct meter meter;
};

/* OpenSSL as it is, as the raw writer has it. */
static void use_openssls_order(ph_tls_config *config, const char *cafile)
{
    SSL_CTX *ctx = job_tls_context(cafile);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    must(ph_tls_config_set_ssl_ctx(config, ctx));
    SSL_CTX_free(ctx);
}

static void set_tls(ph_tls_config *config, const struct job *job)
{
    if (job_is(job, "openssl-order"))
        use_openssls_order(config, job->cafile);
    else
        must(ph_tls_config_set_ca_file(config, job->cafile));
}

void posthaste_set(ph_server *server, const struct job *job)
{
    must(ph_server_set_tls_mode(server, job_is(job, "tls") ? PH_TLS_STARTTLS_ALWAYS : PH_TLS_OFF));
    if (job_is(job, "tls"))
        set_tls(ph_server_tls_config(server), job);
    if (job_is(job, "data")) /* whatever the server offers */
        must(ph_server_set_features(server, PH_FEATURE_CHUNKING, false));
    if (job_is(job, "window"))
        must(ph_server_set_window(server, window, window_bytes));
}

ph_server *posthaste_server(const struct job *job)
{
    ph_server *server;
    must(ph_server_new("127.0.0.1", job->port, NULL, &server));
    posthaste_set(server, job);
    return server;
}

ph_message *posthaste_message(const struct job *job)
{
    ph_message *message;
    must(ph_message_new(NULL, &message));
    must(ph_message_set_from(message, JOB_SENDER));
    for (long i = 0; i < job->recipients; i++)
        must(ph_message_add_recipient(message, job_recipient(i)));
    must(ph_message_set_recipient_policy(message, PH_RCPT_ANY));
    if (job_is(job, "crlf"))
        must(ph_message_set_line_ends(message, PH_LINE_ENDS_CRLF));
    if (job->body)
        must(ph_message_set_content(message, job->body, job->body_length));
    return message;
}

/* A message for each place in the connection's queue. */
static void make_messages(struct sending *sending)
{
    const size_t room = ph_connection_room(sending->connection);
    for (size_t i = 0; i < slots_max; i++) {
        sending->fds[i] = -1;
        if (i >= room || (long)i >= sending->job->count)
            continue;
        sending->messages[i] = posthaste_message(sending->job);
        if (sending->job->body)
            continue;
        sending->fds[i] = open(sending->job->file, O_RDONLY);
        must(ph_message_set_content_fd(sending->messages[i], sending->fds[i]));
    }
}

static void add(struct sending *sending, size_t slot)
{
    if (!sending->messages[slot] || sending->added == sending->job->count)
        return;
    if (sending->fds[slot] >= 0)
        (void)lseek(sending->fds[slot], 0, SEEK_SET);
    /* The place, as user data, tells which descriptor to rewind. */
    must(
        ph_connection_send(sending->connection, sending->messages[slot], &sending->messages[slot]));
    sending->added++;
}

static void take_event(struct sending *sending, const ph_event *event)
{
    switch (event->type) {
    case PH_EVENT_READY:
        meter_begin(&sending->meter);
        for (size_t i = 0; i < slots_max; i++)
            add(sending, i);
        break;
    case PH_EVENT_MESSAGE_DONE:
        if (event->status != PH_OK)
            job_fail("message", ph_result_error(event->result)->message);
        sending->done++;
        add(sending, (size_t)((ph_message **)event->user_data - sending->messages));
        break;
    case PH_EVENT_CLOSED:
        job_fail("closed", ph_connection_error(sending->connection)->message);
    case PH_EVENT_COMMAND_DONE:
        break;
    }
}

static void send_all(struct sending *sending)
{
    struct pollfd fds[PH_POLLFDS_MAX];
    uint64_t now_ms = ph_now_ms();
    for (;;) {
        ph_event event;
        while (ph_connection_next_event(sending->connection, &event))
            take_event(sending, &event);
        if (sending->done == sending->job->count)
            return;
        const size_t n = ph_connection_pollfds(sending->connection, fds);
        (void)poll(fds, n, ph_connection_poll_timeout(sending->connection, now_ms));
        now_ms = ph_now_ms();
        ph_connection_process(sending->connection, fds, n, now_ms);
    }
}

static void send_over_one(const struct job *job)
{
    static struct sending sending;
    ph_server *server = posthaste_server(job);
    sending.job = job;
    must(ph_connection_new(server, ph_now_ms(), &sending.connection));
    make_messages(&sending);
    send_all(&sending);
    meter_end(&sending.meter, sending.done);
    ph_connection_free(sending.connection);
    for (size_t i = 0; i < slots_max; i++) {
        ph_message_free(sending.messages[i]);
        if (sending.fds[i] >= 0)
            (void)close(sending.fds[i]);
    }
    ph_server_free(server);
}

int main(int argc, char **argv)
{
    struct job job = job_read(argc, argv);
    if (job_is(&job, "sessions"))
        posthaste_sessions(&job);
    else if (job_is(&job, "pool"))
        posthaste_pool(&job);
    else if (job_is(&job, "smtp"))
        posthaste_smtp(&job);
    else
        send_over_one(&job);
    job_free(&job);
    return 0;
}
