/* SPDX-License-Identifier: MIT */
/*
 * proxy LISTEN-PORT SERVER-PORT ROUND-TRIP-MS
 *
 * Says "listening on PORT" (LISTEN-PORT 0 is any that is free). Makes a long link of the loopback:
 * what comes from either side is passed on half a round trip later, however much it is, so that
 * latency alone is added. Serves one client after the other. A line of JSON for each says how often
 * the direction changed: a turn is something that the client said after something had reached it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    room = 64 * 1024
};

/* Bytes on their way. */
struct parcel {
    struct parcel *next;
    uint64_t due_us;
    size_t length; /* 0: the sender has ended */
    size_t passed;
    char bytes[];
};

/* One direction. */
struct lane {
    int from;
    int to;
    bool has_ended;
    struct parcel *first;
    struct parcel **last;
};

struct link {
    uint64_t delay_us;
    unsigned long turns;
    bool client_may_turn; /* something has reached the client since it spoke last */
    struct lane up;
    struct lane down;
};

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void lane_begin(struct lane *lane, int from, int to)
{
    *lane = (struct lane){.from = from, .to = to};
    lane->last = &lane->first;
}

/* ---- Taking and passing on ------------------------------------------------------------------- */

static void take(struct link *link, struct lane *lane)
{
    struct parcel *parcel = malloc(sizeof *parcel + room);
    if (!parcel)
        fail("malloc");
    const ssize_t n = recv(lane->from, parcel->bytes, room, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        free(parcel);
        return;
    }
    parcel->length = n > 0 ? (size_t)n : 0;
    parcel->passed = 0;
    parcel->next = NULL;
    parcel->due_us = now_us() + link->delay_us;
    *lane->last = parcel;
    lane->last = &parcel->next;
    lane->has_ended = parcel->length == 0;
    if (lane == &link->up && parcel->length > 0 && link->client_may_turn) {
        link->turns++;
        link->client_may_turn = false;
    }
}

/* @return it is all there */
static bool pass(struct link *link, struct lane *lane)
{
    struct parcel *parcel = lane->first;
    if (parcel->length == 0) {
        (void)shutdown(lane->to, SHUT_WR);
    } else {
        const ssize_t n = send(lane->to, parcel->bytes + parcel->passed,
                               parcel->length - parcel->passed, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return false;
        parcel->passed += n > 0 ? (size_t)n : parcel->length; /* to nobody, if it is gone */
        if (parcel->passed < parcel->length)
            return false;
        link->client_may_turn = link->client_may_turn || lane == &link->down;
    }
    lane->first = parcel->next;
    if (!lane->first)
        lane->last = &lane->first;
    free(parcel);
    return true;
}

static void pass_due(struct link *link, struct lane *lane)
{
    while (lane->first && lane->first->due_us <= now_us() && pass(link, lane))
        continue;
}

/* ---- The loop -------------------------------------------------------------------------------- */

static bool is_over(const struct link *link)
{
    return link->up.has_ended && link->down.has_ended && !link->up.first && !link->down.first;
}

/* @return microseconds until the lane has something to do by itself, at most @p most */
static uint64_t time_left(const struct lane *lane, uint64_t most)
{
    if (!lane->first)
        return most;
    const uint64_t now = now_us();
    const uint64_t left = lane->first->due_us > now ? lane->first->due_us - now : 0;
    return left < most ? left : most;
}

static struct pollfd interest(const struct lane *reads, const struct lane *writes)
{
    const bool is_stuck = writes->first && writes->first->due_us <= now_us();
    return (struct pollfd){.fd = reads->from,
                           .events =
                               (short)((reads->has_ended ? 0 : POLLIN) | (is_stuck ? POLLOUT : 0))};
}

static void relay(struct link *link)
{
    while (!is_over(link)) {
        struct pollfd fds[] = {interest(&link->up, &link->down), interest(&link->down, &link->up)};
        uint64_t wait_us = time_left(&link->down, time_left(&link->up, 1000000));
        if ((fds[0].events | fds[1].events) & POLLOUT)
            wait_us = 1000000;
        const struct timespec wait = {.tv_sec = (time_t)(wait_us / 1000000),
                                      .tv_nsec = (long)(wait_us % 1000000) * 1000};
        if (ppoll(fds, 2, &wait, NULL) < 0 && errno != EINTR)
            fail("ppoll");
        if (fds[0].revents & (POLLIN | POLLHUP) && !link->up.has_ended)
            take(link, &link->up);
        if (fds[1].revents & (POLLIN | POLLHUP) && !link->down.has_ended)
            take(link, &link->down);
        pass_due(link, &link->up);
        pass_due(link, &link->down);
    }
}

/* ---- Sockets --------------------------------------------------------------------------------- */

static struct sockaddr_in loopback(const char *port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

static int listen_on(const char *port)
{
    const int one = 1;
    const struct sockaddr_in address = loopback(port);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 16) != 0)
        fail("listen");
    return fd;
}

static int port_of(int listener)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    if (getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        fail("getsockname");
    return ntohs(address.sin_port);
}

static int connect_to(const char *port)
{
    const struct sockaddr_in address = loopback(port);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        fail("connect");
    return fd;
}

static void serve(int client, const char *server_port, uint64_t delay_us)
{
    const int one = 1;
    const int server = connect_to(server_port);
    struct link link = {.delay_us = delay_us};
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    lane_begin(&link.up, client, server);
    lane_begin(&link.down, server, client);
    relay(&link);
    (void)close(client);
    (void)close(server);
    (void)printf("{\"turns\": %lu}\n", link.turns);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        (void)fprintf(stderr, "usage: proxy LISTEN-PORT SERVER-PORT ROUND-TRIP-MS\n");
        return 64;
    }
    const int listener = listen_on(argv[1]);
    const uint64_t delay_us = strtoull(argv[3], NULL, 10) * 1000 / 2;
    (void)printf("listening on %d\n", port_of(listener));
    (void)fflush(stdout);
    for (;;) {
        const int client = accept(listener, NULL, NULL);
        if (client >= 0)
            serve(client, argv[2], delay_us);
    }
}
