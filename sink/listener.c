/* SPDX-License-Identifier: MIT */
/* The socket that the sink listens on. */
#include "sink/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

void sink_socket_unblock(int fd)
{
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
}

static int complain(FILE *err, const char *address)
{
    (void)fprintf(err, "posthaste sink: cannot listen on %s: %s\n", address, strerror(errno));
    return 69;
}

/* @return 0 and a listening socket in @p out, or 69 */
static int listen_on(int *out, const struct sockaddr *address, socklen_t length, const char *text,
                     FILE *err)
{
    const int on = 1;
    const int fd = socket(address->sa_family, SOCK_STREAM, 0);
    if (fd < 0)
        return complain(err, text);
    if (address->sa_family != AF_UNIX) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        /* What a listener has, the sockets have that it accepts. */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (bind(fd, address, length) == 0 && listen(fd, SOMAXCONN) == 0) {
        sink_socket_unblock(fd);
        *out = fd;
        return 0;
    }
    const int code = complain(err, text);
    (void)close(fd);
    return code;
}

/* Splits "HOST:PORT" or "[HOST]:PORT". */
static bool split(const char *text, char host[64], long *port)
{
    char *end;
    const char *colon = strrchr(text, ':');
    if (!colon || colon[1] == '\0')
        return false;
    size_t n = (size_t)(colon - text);
    if (n >= 2 && text[0] == '[' && colon[-1] == ']') {
        text++;
        n -= 2;
    }
    *port = strtol(colon + 1, &end, 10);
    if (n == 0 || n >= 64 || *end != '\0' || *port < 0 || *port > 65535)
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    if (strcmp(host, "localhost") == 0)
        (void)snprintf(host, 64, "127.0.0.1");
    return true;
}

/* A socket that nobody listens on any more, as a sink leaves it that was killed, gives way. */
static void remove_stale(const struct sockaddr_un *address)
{
    struct stat found;
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return;
    if (stat(address->sun_path, &found) == 0 && S_ISSOCK(found.st_mode) &&
        connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
        errno == ECONNREFUSED)
        (void)unlink(address->sun_path);
    (void)close(fd);
}

static int listen_unix(const char *path, int *fd, char *text, size_t room, FILE *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        (void)fprintf(err,
                      "posthaste sink: --unix %s: the path is too long, %zu bytes is the most\n",
                      path, sizeof address.sun_path - 1);
        return 64;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    (void)snprintf(text, room, "unix:%s", path);
    remove_stale(&address);
    return listen_on(fd, (const struct sockaddr *)&address, sizeof address, text, err);
}

/* IPv4 or IPv6. */
union ip_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* @return how long the address is, 0 if the text is none */
static socklen_t read_address(const char *host, long port, union ip_address *address)
{
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons((uint16_t)port);
        return sizeof address->v4;
    }
    if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons((uint16_t)port);
        return sizeof address->v6;
    }
    return 0;
}

static int listen_ip(const char *given, int *fd, char *text, size_t room, FILE *err)
{
    union ip_address address;
    char host[64];
    long port;
    socklen_t length = split(given, host, &port) ? read_address(host, port, &address) : 0;
    if (length == 0) {
        (void)fprintf(err,
                      "posthaste sink: --listen %s: must be ADDRESS:PORT with an IP address, such "
                      "as 127.0.0.1:2525 or [::1]:0\n",
                      given);
        return 64;
    }
    const int code = listen_on(fd, &address.any, length, given, err);
    if (code != 0)
        return code;
    (void)getsockname(*fd, &address.any, &length);
    const bool is_v6 = address.any.sa_family == AF_INET6;
    (void)snprintf(text, room, is_v6 ? "[%s]:%u" : "%s:%u", host,
                   (unsigned)ntohs(is_v6 ? address.v6.sin6_port : address.v4.sin_port));
    return 0;
}

int sink_listener_open(const struct ph_sink_options *options, int *fd, char *address, size_t room,
                       FILE *err)
{
    if (options->unix_path)
        return listen_unix(options->unix_path, fd, address, room, err);
    return listen_ip(options->listen ? options->listen : "127.0.0.1:2525", fd, address, room, err);
}
