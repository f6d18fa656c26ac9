/* SPDX-License-Identifier: MIT */
/*
 * The limit: a client that thinks of nothing. The bytes it writes are made before the measurement,
 * of replies it counts the lines, and its system calls are as few as SMTP allows.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "job.h"
#include "raw_sessions.h"
#include "raw_tls.h"

enum {
    write_max = 256 * 1024, /* of one write: what a socket takes at once */
    window = 64             /* transactions in one flight */
};

struct peer {
    int fd;
    int content;         /* a file, if it is not in memory */
    struct raw_tls *tls; /* NULL: plain text */
    char room[64 * 1024];
};

/* Text that grows while it is made, before the measurement. */
struct text {
    char *bytes;
    size_t length;
};

static void add(struct text *text, const char *bytes, size_t n)
{
    text->bytes = realloc(text->bytes, text->length + n);
    if (!text->bytes)
        job_fail("realloc", "no memory");
    memcpy(text->bytes + text->length, bytes, n);
    text->length += n;
}

static void add_line(struct text *text, const char *line)
{
    add(text, line, strlen(line));
    add(text, "\r\n", 2);
}

static void add_envelope(struct text *text, const struct job *job)
{
    char line[128];
    add_line(text, "MAIL FROM:<" JOB_SENDER ">");
    for (long i = 0; i < job->recipients; i++) {
        (void)snprintf(line, sizeof line, "RCPT TO:<%s>", job_recipient(i));
        add_line(text, line);
    }
}

static void add_chunk(struct text *text, const struct job *job)
{
    char line[64];
    (void)snprintf(line, sizeof line, "BDAT %zu LAST", job->size);
    add_line(text, line);
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

static size_t receive(struct peer *peer)
{
    const ssize_t n = peer->tls ? raw_tls_read(peer->tls, peer->room, sizeof peer->room)
                                : read(peer->fd, peer->room, sizeof peer->room);
    if (n <= 0)
        job_fail("read", n == 0 ? "the server has gone" : strerror(errno));
    return (size_t)n;
}

/* Waits for so many replies of one line. */
static void await(struct peer *peer, long replies)
{
    while (replies > 0) {
        const char *at = peer->room;
        const char *end = at + receive(peer);
        while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL && at++)
            replies--;
    }
}

static void say(struct peer *peer, const char *bytes, size_t n)
{
    while (n > 0) {
        const size_t part = n < write_max ? n : write_max;
        const ssize_t written =
            peer->tls ? raw_tls_write(peer->tls, bytes, part) : write(peer->fd, bytes, part);
        if (written <= 0)
            job_fail("write", strerror(errno));
        bytes += written;
        n -= (size_t)written;
    }
}

static void say_text(struct peer *peer, const struct text *text)
{
    say(peer, text->bytes, text->length);
}

/* ---- The beginning --------------------------------------------------------------------------- */

/* A reply of several lines ends with the line that has a blank behind its code. */
static void greet(struct peer *peer)
{
    size_t n = 0;
    const char *last = NULL;
    say(peer, "EHLO raw.example.org\r\n", 22);
    while (!last || strlen(last) < 5 || last[3] != ' ') {
        n += receive(peer);
        if (peer->room[n - 1] != '\n')
            continue;
        peer->room[n - 1] = '\0';
        last = strrchr(peer->room, '\n');
        last = last ? last + 1 : peer->room;
        n = 0;
    }
}

static void start_tls(struct peer *peer, const struct job *job)
{
    say(peer, "STARTTLS\r\n", 10);
    await(peer, 1);
    peer->tls = raw_tls_connect(peer->fd, job->cafile);
    greet(peer);
}

static void connect_to(struct peer *peer, const struct job *job)
{
    const int one = 1;
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)job->port),
                                        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    peer->tls = NULL;
    peer->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(peer->fd, (const struct sockaddr *)&address, sizeof address) != 0)
        job_fail("connect", strerror(errno));
    (void)setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    await(peer, 1);
    greet(peer);
    if (job_is(job, "tls"))
        start_tls(peer, job);
}

/* ---- Ways to send ---------------------------------------------------------------------------- */

/* What is sent by BDAT needs no look, and need not be read: sendfile. What is sent by DATA must be
 * looked through by every client but this one, so it is read. */
static void send_file(struct peer *peer, const struct job *job)
{
    static char room[write_max];
    const int fd = peer->content;
    ssize_t n;
    (void)lseek(fd, 0, SEEK_SET);
    if (job_is(job, "bdat")) {
        for (size_t left = job->size; left > 0; left -= (size_t)n) {
            n = sendfile(peer->fd, fd, NULL, left);
            if (n <= 0)
                job_fail(job->file, "cannot be sent");
        }
        return;
    }
    while ((n = read(fd, room, sizeof room)) > 0)
        say(peer, room, (size_t)n);
    if (n < 0)
        job_fail(job->file, strerror(errno));
}

/* By DATA it must have no line that begins with a dot: it is sent as it is. */
static void open_content(struct peer *peer, const struct job *job)
{
    peer->content = open(job->file, O_RDONLY);
    if (peer->content < 0)
        job_fail(job->file, strerror(errno));
}

static void send_body(struct peer *peer, const struct job *job)
{
    if (job->body)
        say(peer, job->body, job->body_length);
    else
        send_file(peer, job);
}

/* Waits for each reply. */
static void lock_step(struct peer *peer, const struct job *job)
{
    static const char mail[] = "MAIL FROM:<" JOB_SENDER ">\r\n";
    char rcpt[128];
    struct text content = {.bytes = NULL};
    add(&content, job->body, job->body_length);
    add_line(&content, ".");
    for (long i = 0; i < job->count; i++) {
        say(peer, mail, sizeof mail - 1);
        await(peer, 1);
        for (long k = 0; k < job->recipients; k++) {
            const int n = snprintf(rcpt, sizeof rcpt, "RCPT TO:<%s>\r\n", job_recipient(k));
            say(peer, rcpt, (size_t)n);
            await(peer, 1);
        }
        say(peer, "DATA\r\n", 6);
        await(peer, 1);
        say_text(peer, &content);
        await(peer, 1);
    }
    free(content.bytes);
}

/* The end of a message leaves with the envelope of the next (RFC 2920). */
static void by_data(struct peer *peer, const struct job *job)
{
    struct text first = {.bytes = NULL};
    struct text next = {.bytes = NULL};
    add_envelope(&first, job);
    add_line(&first, "DATA");
    add(&next, job->body, job->body_length);
    add_line(&next, ".");
    const size_t last_length = next.length;
    add(&next, first.bytes, first.length);
    say_text(peer, &first);
    await(peer, job->recipients + 2);
    for (long i = 1; i < job->count; i++) {
        say_text(peer, &next);
        await(peer, job->recipients + 3);
    }
    say(peer, next.bytes, last_length);
    await(peer, 1);
    free(first.bytes);
    free(next.bytes);
}

/* BDAT LAST, content and the next envelope in one write. */
static void by_bdat(struct peer *peer, const struct job *job)
{
    struct text envelope = {.bytes = NULL};
    struct text next = {.bytes = NULL};
    add_envelope(&envelope, job);
    add_chunk(&next, job);
    add(&next, job->body, job->body_length);
    const size_t last_length = next.length;
    add(&next, envelope.bytes, envelope.length);
    say_text(peer, &envelope);
    await(peer, job->recipients + 1);
    for (long i = 1; i < job->count; i++) {
        say_text(peer, &next);
        await(peer, job->recipients + 2);
    }
    say(peer, next.bytes, last_length);
    await(peer, 1);
    free(envelope.bytes);
    free(next.bytes);
}

/* Whole transactions, many in one write. */
static void by_window(struct peer *peer, const struct job *job)
{
    struct text all = {.bytes = NULL};
    for (int i = 0; i < window; i++) {
        add_envelope(&all, job);
        add_chunk(&all, job);
        add(&all, job->body, job->body_length);
    }
    const size_t each = all.length / window;
    for (long left = job->count; left > 0; left -= window) {
        const long n = left < window ? left : window;
        say(peer, all.bytes, each * (size_t)n);
        await(peer, n * (job->recipients + 2));
    }
    free(all.bytes);
}

/* Doubles the dots that begin lines (RFC 5321 section 4.5.2): a part of what is made beforehand. */
static void stuff_body(struct job *job)
{
    struct text stuffed = {.bytes = NULL};
    const char *from = job->body;
    const char *end = job->body + job->body_length;
    for (const char *lf = from; (lf = memchr(lf, '\n', (size_t)(end - lf))) != NULL;) {
        if (++lf == end)
            break;
        if (*lf == '.') {
            add(&stuffed, from, (size_t)(lf - from));
            add(&stuffed, ".", 1);
            from = lf;
        }
    }
    add(&stuffed, from, (size_t)(end - from));
    free(job->body);
    job->body = stuffed.bytes;
    job->body_length = stuffed.length;
}

/* Content that is too large to be copied behind a command, one message after the other. */
static void large(struct peer *peer, const struct job *job)
{
    const bool is_chunk = job_is(job, "bdat");
    struct text start = {.bytes = NULL};
    add_envelope(&start, job);
    if (is_chunk)
        add_chunk(&start, job);
    else
        add_line(&start, "DATA");
    for (long i = 0; i < job->count; i++) {
        say_text(peer, &start);
        if (!is_chunk)
            await(peer, job->recipients + 2);
        send_body(peer, job);
        if (!is_chunk)
            say(peer, ".\r\n", 3);
        await(peer, is_chunk ? job->recipients + 2 : 1);
    }
    free(start.bytes);
}

static void send_all(struct peer *peer, const struct job *job)
{
    if (job->size >= write_max || !job->body)
        large(peer, job);
    else if (job_is(job, "lock"))
        lock_step(peer, job);
    else if (job_is(job, "data"))
        by_data(peer, job);
    else if (job_is(job, "bdat"))
        by_bdat(peer, job);
    else if (job_is(job, "window"))
        by_window(peer, job);
    else
        job_fail(job->mode, "is none of lock, data, bdat, window, sessions");
}

static void send_over_one(const struct job *job)
{
    static struct peer peer;
    struct meter meter;
    if (!job->body)
        open_content(&peer, job);
    connect_to(&peer, job);
    meter_begin(&meter);
    send_all(&peer, job);
    meter_end(&meter, job->count);
    say(&peer, "QUIT\r\n", 6);
    await(&peer, 1);
    raw_tls_free(peer.tls);
    (void)close(peer.fd);
}

int main(int argc, char **argv)
{
    struct job job = job_read(argc, argv);
    if (job.body && job_is(&job, "data"))
        stuff_body(&job);
    if (job_is(&job, "sessions"))
        raw_sessions(&job);
    else
        send_over_one(&job);
    job_free(&job);
    return 0;
}
