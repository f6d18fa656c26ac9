/* SPDX-License-Identifier: MIT */
/* The socket that the sink listens on. */
#include "sink/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    backlog = 1024
};

void sink_socket_unblock(int fd)
{
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int complain(FILE *err, const char *address)
{
    (void)fprintf(err, "posthaste sink: cannot listen on %s: %s\n", address, strerror(errno));
    return 69;
}

static int listen_on(int fd, const void *address, socklen_t length, const char *text, FILE *err)
{
    const int on = 1;
    if (fd >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd >= 0 && bind(fd, address, length) == 0 && listen(fd, backlog) == 0) {
        sink_socket_unblock(fd);
        return 0;
    }
    const int code = complain(err, text);
    if (fd >= 0)
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

static int listen_unix(const char *path, int *fd, char *text, size_t room, FILE *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        (void)fprintf(err, "posthaste sink: --unix %s: the path is too long\n", path);
        return 64;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    (void)snprintf(text, room, "unix:%s", path);
    *fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return listen_on(*fd, &address, sizeof address, text, err);
}

static int listen_ip(const char *given, int *fd, char *text, size_t room, FILE *err)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    char host[64];
    long port;
    socklen_t length = sizeof v6;
    int code;
    const bool is_split = split(given, host, &port);
    if (is_split && inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        v4.sin_port = htons((uint16_t)port);
        *fd = socket(AF_INET, SOCK_STREAM, 0);
        code = listen_on(*fd, &v4, sizeof v4, given, err);
    } else if (is_split && inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        v6.sin6_port = htons((uint16_t)port);
        *fd = socket(AF_INET6, SOCK_STREAM, 0);
        code = listen_on(*fd, &v6, sizeof v6, given, err);
    } else {
        (void)fprintf(err,
                      "posthaste sink: --listen %s: must be ADDRESS:PORT with an IP address, such "
                      "as 127.0.0.1:2525 or [::1]:0\n",
                      given);
        return 64;
    }
    if (code != 0)
        return code;
    (void)getsockname(*fd, (struct sockaddr *)&v6, &length); /* the port is at the same place */
    (void)snprintf(text, room, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host,
                   (unsigned)ntohs(v6.sin6_port));
    return 0;
}

int sink_listener_open(const struct ph_sink_options *options, int *fd, char *address, size_t room,
                       FILE *err)
{
    if (options->unix_path)
        return listen_unix(options->unix_path, fd, address, room, err);
    return listen_ip(options->listen ? options->listen : "127.0.0.1:2525", fd, address, room, err);
}
