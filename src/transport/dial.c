/* SPDX-License-Identifier: MIT */
/* Connecting to whichever endpoint of a server answers first (RFC 8305). */
#include "transport/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/allocator.h"
#include "transport/socket_stream.h"

struct attempt {
    struct ph__endpoint endpoint;
    int fd; /* -1: not begun, or over */
    int failure;
};

struct ph__dialer {
    const ph_allocator *allocator;
    const char *server;
    int port;
    struct ph__endpoint bind_to; /* length 0: none */
    size_t count;
    size_t begun;
    uint64_t next_at; /* when the next attempt is due */
    int connected;    /* -1: none yet */
    struct attempt attempts[];
};

/* ---- Making ---------------------------------------------------------------------------------- */

static bool parse_bind(struct ph__endpoint *bind_to, const char *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
        memcpy(&bind_to->address, &v4, sizeof v4);
        bind_to->length = sizeof v4;
    } else if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1) {
        memcpy(&bind_to->address, &v6, sizeof v6);
        bind_to->length = sizeof v6;
    }
    return bind_to->length > 0;
}

static bool is_usable(const struct ph__dialer *dialer, const struct ph__endpoint *endpoint)
{
    const sa_family_t family = endpoint->address.ss_family;
    return dialer->bind_to.length == 0 || family == AF_UNIX ||
           family == dialer->bind_to.address.ss_family;
}

/* Takes the next usable endpoint from *from on whose being IPv6 is as asked. */
static bool take_next(struct ph__dialer *dialer, const struct ph__endpoint *endpoints, size_t count,
                      size_t *from, bool is_v6)
{
    for (; *from < count; (*from)++) {
        const struct ph__endpoint *endpoint = &endpoints[*from];
        if ((endpoint->address.ss_family == AF_INET6) != is_v6 || !is_usable(dialer, endpoint))
            continue;
        dialer->attempts[dialer->count++] = (struct attempt){.endpoint = *endpoint, .fd = -1};
        (*from)++;
        return true;
    }
    return false;
}

/* Families in turn (RFC 8305 section 4), each in the resolver's order. */
static void order(struct ph__dialer *dialer, const struct ph__endpoint *endpoints, size_t count)
{
    size_t v6 = 0;
    size_t other = 0;
    bool more = true;
    while (more) {
        more = take_next(dialer, endpoints, count, &v6, true);
        more = take_next(dialer, endpoints, count, &other, false) || more;
    }
}

int ph__dialer_new(const ph_allocator *allocator, const char *server, int port,
                   const struct ph__endpoint *endpoints, size_t count, const char *bind_address,
                   struct ph__dialer **out, struct ph__error *error)
{
    *out = NULL;
    struct ph__dialer *dialer =
        ph__allocate(allocator, sizeof *dialer + count * sizeof dialer->attempts[0]);
    if (!dialer)
        return ph__error_set(error, PH_ERR_NO_MEMORY, PH_PHASE_CONNECT, "out of memory");
    dialer->allocator = allocator;
    dialer->server = server;
    dialer->port = port;
    dialer->connected = -1;
    const bool is_bound = bind_address && parse_bind(&dialer->bind_to, bind_address);
    order(dialer, endpoints, count);
    if (dialer->count == 0 || (bind_address && !is_bound)) {
        ph__dialer_free(dialer);
        return ph__error_set(error, PH_ERR_ARGUMENT, PH_PHASE_CONNECT,
                             "%s has no address that can be reached from the bind address %s; bind "
                             "to an address of the same family, or to none",
                             server, bind_address ? bind_address : "");
    }
    *out = dialer;
    return PH_OK;
}

void ph__dialer_free(struct ph__dialer *dialer)
{
    if (!dialer)
        return;
    for (size_t i = 0; i < dialer->begun; i++) {
        if (dialer->attempts[i].fd >= 0)
            ph__socket_close(dialer->attempts[i].fd);
    }
    if (dialer->connected >= 0)
        ph__socket_close(dialer->connected);
    ph__release(dialer->allocator, dialer);
}

/* ---- Trying ---------------------------------------------------------------------------------- */

/* The next attempt need not wait any longer. */
static void give_up(struct ph__dialer *dialer, struct attempt *attempt, int reason)
{
    dialer->next_at = 0;
    attempt->failure = reason;
    if (attempt->fd >= 0)
        ph__socket_close(attempt->fd);
    attempt->fd = -1;
}

static void succeed(struct ph__dialer *dialer, struct attempt *attempt)
{
    dialer->connected = attempt->fd;
    attempt->fd = -1;
}

static bool open_socket(const struct ph__dialer *dialer, struct attempt *attempt)
{
    const struct ph__endpoint *bind_to = &dialer->bind_to;
    attempt->fd = socket(attempt->endpoint.address.ss_family, SOCK_STREAM, 0);
    if (attempt->fd < 0 || ph__socket_prepare(attempt->fd) != PH_OK)
        return false;
    return bind_to->length == 0 || attempt->endpoint.address.ss_family == AF_UNIX ||
           bind(attempt->fd, (const struct sockaddr *)&bind_to->address, bind_to->length) == 0;
}

static void begin(struct ph__dialer *dialer, uint64_t now_ms)
{
    struct attempt *attempt = &dialer->attempts[dialer->begun++];
    const struct ph__endpoint *endpoint = &attempt->endpoint;
    dialer->next_at = now_ms + ph__dial_delay_ms;
    if (!open_socket(dialer, attempt))
        give_up(dialer, attempt, errno);
    else if (connect(attempt->fd, (const struct sockaddr *)&endpoint->address, endpoint->length) ==
             0)
        succeed(dialer, attempt);
    else if (errno != EINPROGRESS && errno != EINTR)
        give_up(dialer, attempt, errno);
}

static struct attempt *attempt_of(struct ph__dialer *dialer, int fd)
{
    for (size_t i = 0; i < dialer->begun; i++) {
        if (dialer->attempts[i].fd == fd && fd >= 0)
            return &dialer->attempts[i];
    }
    return NULL;
}

/* What was polled may have been another socket, which had this number before. */
static bool is_connected(int fd)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    return getpeername(fd, (struct sockaddr *)&peer, &length) == 0;
}

static void take_outcome(struct ph__dialer *dialer, const struct pollfd *polled)
{
    struct attempt *attempt = attempt_of(dialer, polled->fd);
    if (!attempt || polled->revents == 0)
        return;
    int reason = 0;
    socklen_t length = sizeof reason;
    if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &reason, &length) != 0)
        reason = errno;
    if (reason != 0)
        give_up(dialer, attempt, reason);
    else if (is_connected(attempt->fd))
        succeed(dialer, attempt);
}

static size_t count_under_way(const struct ph__dialer *dialer)
{
    size_t count = 0;
    for (size_t i = 0; i < dialer->begun; i++)
        count += dialer->attempts[i].fd >= 0;
    return count;
}

/* ---- Failing --------------------------------------------------------------------------------- */

static void endpoint_text(const struct ph__endpoint *endpoint, char *out, size_t room)
{
    const struct sockaddr_storage *address = &endpoint->address;
    const char *text = NULL;
    if (address->ss_family == AF_INET)
        text = inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, out,
                         (socklen_t)room);
    else if (address->ss_family == AF_INET6)
        text = inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, out,
                         (socklen_t)room);
    if (!text)
        (void)snprintf(out, room, "socket");
}

static enum ph__io fail(const struct ph__dialer *dialer, struct ph__error *error)
{
    const bool is_unix = dialer->attempts[0].endpoint.address.ss_family == AF_UNIX;
    (void)ph__error_set(error, PH_ERR_IO, PH_PHASE_CONNECT,
                        is_unix ? "cannot connect to %s" : "cannot connect to %s port %d",
                        dialer->server, dialer->port);
    for (size_t i = 0; i < dialer->count; i++) {
        char text[INET6_ADDRSTRLEN];
        endpoint_text(&dialer->attempts[i].endpoint, text, sizeof text);
        ph__error_add(error, "%s %s", i == 0 ? ":" : ";", text);
        ph__error_add_errno(error, dialer->attempts[i].failure);
    }
    ph__error_add(error, "; check that the server runs and listens there");
    return PH__IO_FAILED;
}

/* ---- Driving --------------------------------------------------------------------------------- */

enum ph__io ph__dialer_process(struct ph__dialer *dialer, const struct pollfd *fds, size_t count,
                               uint64_t now_ms, struct ph__error *error)
{
    for (size_t i = 0; i < count && dialer->connected < 0; i++)
        take_outcome(dialer, &fds[i]);
    while (dialer->connected < 0 && dialer->begun < dialer->count &&
           (count_under_way(dialer) == 0 || now_ms >= dialer->next_at))
        begin(dialer, now_ms);
    if (dialer->connected >= 0)
        return PH__IO_DONE;
    return count_under_way(dialer) > 0 ? PH__IO_WANT_WRITE : fail(dialer, error);
}

size_t ph__dialer_pollfds(struct ph__dialer *dialer, struct pollfd *fds, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < dialer->begun && count < max; i++) {
        if (dialer->attempts[i].fd >= 0)
            fds[count++] = (struct pollfd){.fd = dialer->attempts[i].fd, .events = POLLOUT};
    }
    return count;
}

uint64_t ph__dialer_deadline_ms(struct ph__dialer *dialer, uint64_t now_ms)
{
    if (dialer->begun == 0)
        return now_ms;
    return dialer->begun < dialer->count ? dialer->next_at : UINT64_MAX;
}

int ph__dialer_take(struct ph__dialer *dialer)
{
    const int fd = dialer->connected;
    dialer->connected = -1;
    return fd;
}
