/* SPDX-License-Identifier: MIT */
/* Many sessions at once by epoll, with bytes made before: the least that a session can cost. */
#include "raw_sessions.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    events_max = 256
};

/* What a session waits for, and says when it has come. */
enum step {
    AWAITS_GREETING,
    AWAITS_EHLO,
    AWAITS_ENVELOPE,
    AWAITS_END,
    IS_OVER
};

struct session {
    int fd;
    enum step step;
    int lines; /* still to come */
};

struct loop {
    const struct job *job;
    int epoll_fd;
    struct session *sessions;
    char *content; /* with its end, and QUIT */
    size_t content_length;
    long waiting; /* sessions that have not come as far as is waited for */
};

static void say(const struct session *session, const char *bytes, size_t n)
{
    if (send(session->fd, bytes, n, MSG_NOSIGNAL) != (ssize_t)n)
        job_fail("send", strerror(errno));
}

static void open_session(struct loop *loop, struct session *session)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)loop->job->port),
                                        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = session}};
    session->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connect(session->fd, (const struct sockaddr *)&address, sizeof address) != 0 &&
        errno != EINPROGRESS)
        job_fail("connect", strerror(errno));
    session->step = AWAITS_GREETING;
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, session->fd, &event);
}

/* @return the reply that was read ends here; those to EHLO have several lines */
static bool is_complete(struct session *session, const char *bytes, size_t n)
{
    if (session->step == AWAITS_EHLO || session->step == AWAITS_GREETING) {
        const char *line = bytes;
        for (const char *lf = bytes; (lf = memchr(line, '\n', n - (size_t)(line - bytes))) != NULL;
             line = lf + 1) {
            if (line[3] == ' ')
                return true;
        }
        return false;
    }
    for (size_t i = 0; i < n; i++)
        session->lines -= bytes[i] == '\n';
    return session->lines <= 0;
}

static void say_envelope(struct session *session)
{
    static const char envelope[] =
        "MAIL FROM:<" JOB_SENDER ">\r\nRCPT TO:<recipient0@example.org>\r\nDATA\r\n";
    session->step = AWAITS_ENVELOPE;
    session->lines = 3;
    say(session, envelope, sizeof envelope - 1);
}

static void go_on(struct loop *loop, struct session *session)
{
    switch (session->step) {
    case AWAITS_GREETING:
        session->step = AWAITS_EHLO;
        say(session, "EHLO raw.example.org\r\n", 22);
        break;
    case AWAITS_EHLO:
        loop->waiting--; /* until all have come so far */
        break;
    case AWAITS_ENVELOPE:
        session->step = AWAITS_END;
        session->lines = 2;
        say(session, loop->content, loop->content_length);
        break;
    case AWAITS_END:
        session->step = IS_OVER;
        (void)close(session->fd);
        loop->waiting--;
        break;
    case IS_OVER:
        break;
    }
}

static void run(struct loop *loop)
{
    char room[4096];
    struct epoll_event events[events_max];
    loop->waiting = loop->job->count;
    while (loop->waiting > 0) {
        const int n = epoll_wait(loop->epoll_fd, events, events_max, -1);
        for (int i = 0; i < n; i++) {
            struct session *session = events[i].data.ptr;
            const ssize_t length = recv(session->fd, room, sizeof room, 0);
            if (length <= 0)
                job_fail("recv", length == 0 ? "the server has gone" : strerror(errno));
            if (is_complete(session, room, (size_t)length))
                go_on(loop, session);
        }
    }
}

static void make_content(struct loop *loop)
{
    static const char end[] = ".\r\nQUIT\r\n";
    loop->content_length = loop->job->body_length + sizeof end - 1;
    loop->content = job_allocate(loop->content_length);
    memcpy(loop->content, loop->job->body, loop->job->body_length);
    memcpy(loop->content + loop->job->body_length, end, sizeof end - 1);
}

void raw_sessions(const struct job *job)
{
    struct meter meter;
    struct loop loop = {.job = job, .epoll_fd = epoll_create1(0)};
    loop.sessions = job_allocate((size_t)job->count * sizeof *loop.sessions);
    make_content(&loop);
    meter_begin(&meter);
    for (long i = 0; i < job->count; i++)
        open_session(&loop, &loop.sessions[i]);
    run(&loop);
    meter_all_open(&meter);
    for (long i = 0; i < job->count; i++)
        say_envelope(&loop.sessions[i]);
    run(&loop);
    meter_end(&meter, job->count);
    free(loop.sessions);
    free(loop.content);
}
