/* SPDX-License-Identifier: MIT */
/* Names become endpoints through c-ares. */
#include "transport/resolve.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h> /* ares.h needs fd_set */
#include <sys/time.h>
#include <sys/un.h>

#include <ares.h>

#include "base/allocator.h"
#include "base/ascii.h"
#include "transport/host_name.h"

struct ph__resolver {
    const ph_allocator *allocator;
    ares_channel channel; /* NULL: nothing had to be asked */
    char *host;
    bool is_done;
    int code; /* of c-ares, once it is done */
    struct ph__endpoint *endpoints;
    size_t count;
};

/* Most hosts have one or two addresses, and many connections may be opening at once. */
static void add(struct ph__resolver *resolver, const void *address, size_t length)
{
    if (resolver->count == ph__endpoints_max || length > sizeof(struct sockaddr_storage))
        return;
    struct ph__endpoint *grown = ph__reallocate_array(
        resolver->allocator, resolver->endpoints, resolver->count + 1, sizeof *resolver->endpoints);
    if (!grown) {
        resolver->code = ARES_ENOMEM;
        return;
    }
    resolver->endpoints = grown;
    struct ph__endpoint *endpoint = &grown[resolver->count++];
    *endpoint = (struct ph__endpoint){.length = (socklen_t)length};
    memcpy(&endpoint->address, address, length);
}

/* ---- Known at once --------------------------------------------------------------------------- */

static int add_unix(struct ph__resolver *resolver, const char *path, struct ph__error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t n = strlen(path);
    if (n == 0 || n >= sizeof address.sun_path)
        return ph__error_set(error, PH_ERR_ARGUMENT, PH_PHASE_CONNECT,
                             "the path of a Unix socket must have 1 to %zu bytes: unix:%s",
                             sizeof address.sun_path - 1, path);
    memcpy(address.sun_path, path, n + 1);
    add(resolver, &address, offsetof(struct sockaddr_un, sun_path) + n + 1);
    if (resolver->count == 0)
        return ph__error_set(error, PH_ERR_NO_MEMORY, PH_PHASE_CONNECT, "out of memory");
    resolver->is_done = true;
    return PH_OK;
}

static bool add_ipv4(struct ph__resolver *resolver, const char *host, in_port_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = port};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return false;
    add(resolver, &address, sizeof address);
    return true;
}

/* A zone is an interface's name or its number (RFC 4007 section 11.2). @return 0 if there is none
 */
static uint32_t scope_of(const char *zone)
{
    uint32_t number = 0;
    const uint32_t named = if_nametoindex(zone);
    if (named != 0 || strlen(zone) > 9 || strspn(zone, "0123456789") != strlen(zone))
        return named;
    for (; *zone != '\0'; zone++)
        number = number * 10 + (uint32_t)(*zone - '0');
    return number;
}

static bool add_ipv6(struct ph__resolver *resolver, const char *host, in_port_t port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = port};
    char number[INET6_ADDRSTRLEN];
    const size_t n = strcspn(host, "%");
    if (n >= sizeof number)
        return false;
    memcpy(number, host, n);
    number[n] = '\0';
    if (inet_pton(AF_INET6, number, &address.sin6_addr) != 1)
        return false;
    if (host[n] == '%')
        address.sin6_scope_id = scope_of(host + n + 1);
    add(resolver, &address, sizeof address);
    return true;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text);
    const size_t length = strlen(end);
    return n > length && ph__ascii_equal(text + n - length, end);
}

/* With or without a root dot. */
static bool is_localhost(const char *host)
{
    return ph__ascii_equal(host, "localhost") || ph__ascii_equal(host, "localhost.") ||
           ends_with(host, ".localhost") || ends_with(host, ".localhost.");
}

/* @return the host needed no look-up */
static bool add_known(struct ph__resolver *resolver, const char *host, int port)
{
    const in_port_t network_port = htons((uint16_t)port);
    if (is_localhost(host)) {
        (void)add_ipv6(resolver, "::1", network_port);
        (void)add_ipv4(resolver, "127.0.0.1", network_port);
    } else if (!add_ipv4(resolver, host, network_port)) {
        (void)add_ipv6(resolver, host, network_port);
    }
    resolver->is_done = resolver->count > 0;
    return resolver->is_done;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static void answered(void *user_data, int code, int timeouts, struct ares_addrinfo *result)
{
    struct ph__resolver *resolver = user_data;
    (void)timeouts;
    resolver->is_done = true;
    resolver->code = code;
    if (!result)
        return;
    for (const struct ares_addrinfo_node *node = result->nodes; node; node = node->ai_next)
        add(resolver, node->ai_addr, node->ai_addrlen);
    ares_freeaddrinfo(result);
}

static int ask(struct ph__resolver *resolver, int port, const char *servers,
               struct ph__error *error)
{
    char service[8];
    (void)snprintf(service, sizeof service, "%d", port);
    int code = ares_init(&resolver->channel);
    if (code == ARES_SUCCESS && servers)
        code = ares_set_servers_ports_csv(resolver->channel, servers);
    if (code != ARES_SUCCESS)
        return ph__error_set(error, code == ARES_ENOMEM ? PH_ERR_NO_MEMORY : PH_ERR_IO,
                             PH_PHASE_RESOLVE, "name look-up cannot begin: %s",
                             ares_strerror(code));
    const struct ares_addrinfo_hints hints = {
        .ai_flags = ARES_AI_NUMERICSERV, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    ares_getaddrinfo(resolver->channel, resolver->host, service, &hints, answered, resolver);
    return PH_OK;
}

static int begin(struct ph__resolver *resolver, const char *host, int port, const char *servers,
                 struct ph__error *error)
{
    if (ph__host_is_unix(host))
        return add_unix(resolver, host + 5, error);
    const bool is_known = add_known(resolver, host, port);
    if (resolver->code == ARES_ENOMEM)
        return ph__error_set(error, PH_ERR_NO_MEMORY, PH_PHASE_RESOLVE, "out of memory");
    if (is_known)
        return PH_OK;
    resolver->host = ph__duplicate(resolver->allocator, host);
    if (!resolver->host)
        return ph__error_set(error, PH_ERR_NO_MEMORY, PH_PHASE_RESOLVE, "out of memory");
    return ask(resolver, port, servers, error);
}

int ph__resolver_new(const ph_allocator *allocator, const char *host, int port, const char *servers,
                     struct ph__resolver **out, struct ph__error *error)
{
    *out = NULL;
    struct ph__resolver *resolver = ph__allocate(allocator, sizeof *resolver);
    if (!resolver)
        return ph__error_set(error, PH_ERR_NO_MEMORY, PH_PHASE_RESOLVE, "out of memory");
    resolver->allocator = allocator;
    const int status = begin(resolver, host, port, servers, error);
    if (status != PH_OK) {
        ph__resolver_free(resolver);
        return status;
    }
    *out = resolver;
    return PH_OK;
}

void ph__resolver_free(struct ph__resolver *resolver)
{
    if (!resolver)
        return;
    const ph_allocator *allocator = resolver->allocator;
    if (resolver->channel)
        ares_destroy(resolver->channel); /* calls answered, for the last time */
    ph__release(allocator, resolver->endpoints);
    ph__release(allocator, resolver->host);
    ph__release(allocator, resolver);
}

size_t ph__resolver_pollfds(struct ph__resolver *resolver, struct pollfd *fds, size_t max)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    size_t count = 0;
    if (!resolver->channel || resolver->is_done)
        return 0;
    /* Read here and not by ARES_GETSOCK_WRITABLE, which shifts into the sign bit. */
    const unsigned bits = (unsigned)ares_getsock(resolver->channel, sockets, ARES_GETSOCK_MAXNUM);
    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM && count < max; i++) {
        const bool reads = (bits >> i & 1) != 0;
        const bool writes = (bits >> (i + ARES_GETSOCK_MAXNUM) & 1) != 0;
        if (reads || writes)
            fds[count++] = (struct pollfd){
                .fd = sockets[i], .events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0))};
    }
    return count;
}

uint64_t ph__resolver_deadline_ms(struct ph__resolver *resolver, uint64_t now_ms)
{
    struct timeval wait;
    if (!resolver->channel || resolver->is_done)
        return now_ms;
    if (!ares_timeout(resolver->channel, NULL, &wait))
        return UINT64_MAX;
    return now_ms + (uint64_t)wait.tv_sec * 1000 + (uint64_t)wait.tv_usec / 1000 + 1;
}

static enum ph__io fail(const struct ph__resolver *resolver, struct ph__error *error)
{
    const char *reason = ares_strerror(resolver->code);
    ph_status status = PH_ERR_HOST_UNKNOWN;
    switch (resolver->code) {
    case ARES_ENOTFOUND:
        reason = "there is no such name; check its spelling";
        break;
    case ARES_SUCCESS:
    case ARES_ENODATA:
        reason = "the name has no address";
        break;
    case ARES_ECONNREFUSED:
    case ARES_ETIMEOUT:
    case ARES_ESERVFAIL:
        reason = "no name server gave an answer; check the network, or try again later";
        break;
    case ARES_ENOMEM:
        status = PH_ERR_NO_MEMORY;
        break;
    default:
        break;
    }
    (void)ph__error_set(error, status, PH_PHASE_RESOLVE, "cannot find the server \"%s\": %s",
                        resolver->host, reason);
    return PH__IO_FAILED;
}

enum ph__io ph__resolver_process(struct ph__resolver *resolver, const struct pollfd *fds,
                                 size_t count, struct ph__error *error)
{
    for (size_t i = 0; i < count && !resolver->is_done && resolver->channel; i++) {
        const bool reads = (fds[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
        const bool writes = (fds[i].revents & POLLOUT) != 0;
        ares_process_fd(resolver->channel, reads ? fds[i].fd : ARES_SOCKET_BAD,
                        writes ? fds[i].fd : ARES_SOCKET_BAD);
    }
    if (!resolver->is_done && resolver->channel) /* its own time limits */
        ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    if (!resolver->is_done)
        return PH__IO_WANT_READ;
    return resolver->count > 0 ? PH__IO_DONE : fail(resolver, error);
}

const struct ph__endpoint *ph__resolver_endpoints(const struct ph__resolver *resolver,
                                                  size_t *count)
{
    *count = resolver->count;
    return resolver->endpoints;
}
