/* SPDX-License-Identifier: MIT */
/* A Maildir: files are written below tmp/ and synced before they appear in new/. */
#include "sink/maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    path_room = 4096
};

static bool complain(FILE *err, const char *path)
{
    (void)fprintf(err, "posthaste sink: --maildir %s: %s\n", path, strerror(errno));
    return false;
}

/* @return there is a folder now */
static bool make_folder(const char *path)
{
    struct stat found;
    if (mkdir(path, 0777) == 0)
        return true;
    if (errno != EEXIST || stat(path, &found) != 0)
        return false;
    errno = ENOTDIR;
    return S_ISDIR(found.st_mode);
}

bool sink_maildir_make(const char *path, FILE *err)
{
    static const char *const folders[] = {"", "/tmp", "/new", "/cur"};
    char folder[path_room];
    if (strlen(path) > sizeof folder - 128) {
        errno = ENAMETOOLONG;
        return complain(err, path);
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        (void)snprintf(folder, sizeof folder, "%s%s", path, folders[i]);
        if (!make_folder(folder))
            return complain(err, folder);
    }
    return true;
}

/* ---- A file ---------------------------------------------------------------------------------- */

static void write_recipients(FILE *file, const struct message *message)
{
    const char *mailbox = message->recipients.data;
    for (size_t i = 0; i < message->recipient_count; i++) {
        (void)fprintf(file, "Delivered-To: %s\r\n", mailbox);
        mailbox += strlen(mailbox) + 1;
    }
}

/* The protocol is a word of RFC 3848 and RFC 6531. */
static void write_received(FILE *file, const struct message *message,
                           const struct client_facts *facts)
{
    char date[64];
    const time_t now = time(NULL);
    struct tm parts;
    const char *protocol = message->is_utf8 ? "UTF8SMTP" : facts->is_esmtp ? "ESMTP" : "SMTP";
    (void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&now, &parts));
    (void)fprintf(file, "Received: from %s by posthaste-sink with %s%s%s", facts->helo, protocol,
                  facts->tls ? "S" : "", facts->user ? "A" : "");
    if (facts->tls || facts->user)
        (void)fprintf(file, " (%s%s%s%s)", facts->tls ? facts->tls : "",
                      facts->tls && facts->user ? ", " : "", facts->user ? "user " : "",
                      facts->user ? facts->user : "");
    (void)fprintf(file, "; %s\r\n", date);
}

static bool write_part(const char *data, size_t n, void *user_data)
{
    FILE *file = user_data;
    return fwrite(data, n, 1, file) == 1;
}

static bool write_message(int fd, FILE *file, struct message *message,
                          const struct client_facts *facts)
{
    (void)fprintf(file, "Return-Path: <%s>\r\n", message->from.data);
    write_recipients(file, message);
    (void)fprintf(file, "X-Posthaste-Envelope: %.*s\r\n", (int)message->envelope.length,
                  message->envelope.data);
    write_received(file, message, facts);
    return sink_spool_each(&message->content, write_part, file) && fflush(file) == 0 &&
           !ferror(file) && fsync(fd) == 0;
}

static bool write_file(const char *path, struct message *message, const struct client_facts *facts)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    FILE *file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (!file) {
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    const bool is_written = write_message(fd, file, message, facts);
    const int reason = errno;
    if (fclose(file) != 0)
        return false;
    errno = reason;
    return is_written;
}

bool sink_maildir_keep(const char *path, struct message *message, const struct client_facts *facts,
                       FILE *err)
{
    static unsigned long count; /* a name is new in its process, whatever the clock does */
    char name[96];
    char temporary[path_room];
    char final[path_room];
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)snprintf(name, sizeof name, "%lld.M%06ldP%ldQ%lu.posthaste-sink", (long long)now.tv_sec,
                   now.tv_nsec / 1000, (long)getpid(), ++count);
    (void)snprintf(temporary, sizeof temporary, "%s/tmp/%s", path, name);
    (void)snprintf(final, sizeof final, "%s/new/%s", path, name);
    if (write_file(temporary, message, facts) && rename(temporary, final) == 0)
        return true;
    (void)complain(err, temporary);
    (void)unlink(temporary);
    return false;
}
