/* SPDX-License-Identifier: MIT */
/* Where a message goes: a Maildir, standard output, or nowhere. */
#include "sink/message.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void sink_message_clear(struct message *message)
{
    message->from.length = 0;
    message->parameters.length = 0;
    message->recipients.length = 0;
    message->content.length = 0;
    message->recipient_count = 0;
    message->content_length = 0;
}

void sink_message_free(struct message *message)
{
    sink_bytes_free(&message->from);
    sink_bytes_free(&message->parameters);
    sink_bytes_free(&message->recipients);
    sink_bytes_free(&message->content);
}

bool sink_message_is_kept(const struct ph_sink_options *options)
{
    return options->maildir || options->print;
}

static const char *recipient(const struct message *message, size_t index)
{
    const char *mailbox = message->recipients.data;
    for (size_t i = 0; i < index; i++)
        mailbox += strlen(mailbox) + 1;
    return mailbox;
}

static const char *sender(const struct message *message)
{
    return message->from.length > 0 ? message->from.data : "";
}

/* ---- Maildir --------------------------------------------------------------------------------- */

static bool make_folder(const char *path, FILE *err)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return true;
    (void)fprintf(err, "posthaste sink: --maildir %s: %s\n", path, strerror(errno));
    return false;
}

bool sink_maildir_make(const char *path, FILE *err)
{
    static const char *const folders[] = {"", "/tmp", "/new", "/cur"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char folder[4096];
        (void)snprintf(folder, sizeof folder, "%s%s", path, folders[i]);
        if (!make_folder(folder, err))
            return false;
    }
    return true;
}

static void write_headers(FILE *file, const struct message *message,
                          const struct client_facts *facts)
{
    char date[64];
    const time_t now = time(NULL);
    struct tm parts;
    (void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&now, &parts));
    (void)fprintf(file, "Return-Path: <%s>\r\n", sender(message));
    for (size_t i = 0; i < message->recipient_count; i++)
        (void)fprintf(file, "Delivered-To: %s\r\n", recipient(message, i));
    if (message->parameters.length > 0)
        (void)fprintf(file, "X-Envelope-Parameters: %.*s\r\n", (int)message->parameters.length,
                      message->parameters.data);
    (void)fprintf(file, "Received: from %s by posthaste-sink with %s%s%s%s%s; %s\r\n", facts->helo,
                  facts->is_esmtp ? "ESMTP" : "SMTP", facts->tls ? "S" : "", facts->user ? "A" : "",
                  facts->tls ? " " : "", facts->tls ? facts->tls : "", date);
}

/* Written to tmp/ and synced before it appears in new/, so that no half message is ever seen. */
static bool write_file(const char *path, const struct message *message,
                       const struct client_facts *facts)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    FILE *file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (!file) {
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    write_headers(file, message, facts);
    bool is_written = message->content.length == 0 ||
                      fwrite(message->content.data, message->content.length, 1, file) == 1;
    is_written = fflush(file) == 0 && is_written;
    is_written = fsync(fd) == 0 && is_written;
    return fclose(file) == 0 && is_written;
}

static bool keep(const struct message *message, const struct client_facts *facts,
                 const char *maildir, FILE *err)
{
    static unsigned long count;
    char temporary[4096];
    char final[4096];
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    count++;
    (void)snprintf(temporary, sizeof temporary, "%s/tmp/%lld.%09ld.%ld_%lu.sink", maildir,
                   (long long)now.tv_sec, now.tv_nsec, (long)getpid(), count);
    (void)snprintf(final, sizeof final, "%s/new/%lld.%09ld.%ld_%lu.sink", maildir,
                   (long long)now.tv_sec, now.tv_nsec, (long)getpid(), count);
    if (write_file(temporary, message, facts) && rename(temporary, final) == 0)
        return true;
    (void)fprintf(err, "posthaste sink: cannot keep a message in %s: %s\n", maildir,
                  strerror(errno));
    (void)unlink(temporary);
    return false;
}

/* ---- Printing -------------------------------------------------------------------------------- */

static void print(const struct message *message, const struct client_facts *facts, FILE *out)
{
    (void)fprintf(out, "---- message from <%s>, %zu bytes%s%s%s%s ----\n", sender(message),
                  message->content_length, facts->tls ? ", " : "", facts->tls ? facts->tls : "",
                  facts->user ? ", logged in as " : "", facts->user ? facts->user : "");
    for (size_t i = 0; i < message->recipient_count; i++)
        (void)fprintf(out, "to <%s>\n", recipient(message, i));
    if (message->parameters.length > 0)
        (void)fprintf(out, "parameters %.*s\n", (int)message->parameters.length,
                      message->parameters.data);
    (void)fputs("----\n", out);
    for (size_t i = 0; i < message->content.length; i++) {
        if (message->content.data[i] != '\r')
            (void)fputc(message->content.data[i], out);
    }
    (void)fputs("---- end ----\n", out);
    (void)fflush(out);
}

static void note(const struct message *message, FILE *out)
{
    (void)fprintf(out, "message from <%s> to %zu, %zu bytes\n", sender(message),
                  message->recipient_count, message->content_length);
    (void)fflush(out);
}

bool sink_message_deliver(const struct message *message, const struct client_facts *facts,
                          const struct ph_sink_options *options, FILE *out, FILE *err)
{
    if (options->print)
        print(message, facts, out);
    else if (!options->quiet)
        note(message, out);
    return !options->maildir || keep(message, facts, options->maildir, err);
}
