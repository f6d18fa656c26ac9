/* SPDX-License-Identifier: MIT */
/* libESMTP: all messages are added to one session, which then sends them. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ssl.h>

#include <libesmtp.h>

#include "job.h"
#include "job_tls.h"

enum {
    part = 64 * 1024 /* of the content, at a time */
};

struct source {
    const struct job *job;
    FILE *file;
    size_t at;
    char room[part];
};

/* Asked for from the beginning when @p length is NULL. */
static const char *give(void **room, int *length, void *user_data)
{
    struct source *source = user_data;
    (void)room;
    if (!length) {
        source->at = 0;
        if (source->file)
            rewind(source->file);
        return NULL;
    }
    if (source->file) {
        *length = (int)fread(source->room, 1, sizeof source->room, source->file);
        return source->room;
    }
    const size_t left = source->job->body_length - source->at;
    const char *from = source->job->body + source->at;
    *length = (int)(left < part ? left : part);
    source->at += (size_t)*length;
    return from;
}

static void add_message(smtp_session_t session, const struct job *job, struct source *source)
{
    smtp_message_t message = smtp_add_message(session);
    smtp_set_reverse_path(message, JOB_SENDER);
    for (long i = 0; i < job->recipients; i++)
        smtp_add_recipient(message, job_recipient(i));
    smtp_set_messagecb(message, give, source);
}

static void count_sent(smtp_message_t message, void *user_data)
{
    long *sent = user_data;
    *sent += smtp_message_transfer_status(message)->code == 250;
}

/* Without this it gives up at whatever it has to say of the server's certificate. */
static void allow(smtp_session_t session, int event, void *user_data, ...)
{
    va_list more;
    (void)session;
    (void)user_data;
    va_start(more, user_data);
    if (event == SMTP_EV_WEAK_CIPHER || event == SMTP_EV_INVALID_PEER_CERTIFICATE ||
        event == SMTP_EV_WRONG_PEER_CERTIFICATE) {
        if (event != SMTP_EV_WRONG_PEER_CERTIFICATE)
            (void)va_arg(more, long);
        *va_arg(more, int *) = 1;
    } else if (event == SMTP_EV_NO_PEER_CERTIFICATE || event == SMTP_EV_NO_CLIENT_CERTIFICATE) {
        *va_arg(more, int *) = 1;
    }
    va_end(more);
}

/* With TLS 1.3 it waits for ever once the server has sent session tickets. */
static void use_tls(smtp_session_t session, const struct job *job)
{
    SSL_CTX *ctx = job_tls_context(job->cafile);
    (void)SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    smtp_set_eventcb(session, allow, NULL);
    smtp_starttls_enable(session, Starttls_REQUIRED);
    smtp_starttls_set_ctx(session, ctx);
}

int main(int argc, char **argv)
{
    char server[64];
    char why[128];
    struct meter meter;
    long sent = 0;
    static struct job job;
    static struct source source;
    job = job_read(argc, argv);
    source.job = &job;
    source.file = job.body ? NULL : fopen(job.file, "rb");
    (void)signal(SIGPIPE, SIG_IGN);
    smtp_session_t session = smtp_create_session();
    (void)snprintf(server, sizeof server, "%s:%d", job_is(&job, "tls") ? "localhost" : "127.0.0.1",
                   job.port);
    smtp_set_server(session, server);
    if (job_is(&job, "tls"))
        use_tls(session, &job);
    meter_begin(&meter);
    for (long i = 0; i < job.count; i++)
        add_message(session, &job, &source);
    if (!smtp_start_session(session))
        job_fail("libesmtp", smtp_strerror(smtp_errno(), why, sizeof why));
    smtp_enumerate_messages(session, count_sent, &sent);
    meter_end(&meter, sent);
    smtp_destroy_session(session);
    if (source.file)
        (void)fclose(source.file);
    job_free(&job);
    return 0;
}
