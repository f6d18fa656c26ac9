/* SPDX-License-Identifier: MIT */
/* Waiting for many descriptors, by poll: where there is no epoll. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "sink/bytes.h"
#include "sink/poller.h"

struct poller {
    struct pollfd *fds;
    void **data;
    size_t count;
    size_t capacity;
};

struct poller *sink_poller_new(void)
{
    return sink_must_allocate(sizeof(struct poller));
}

void sink_poller_free(struct poller *poller)
{
    free(poller->fds);
    free(poller->data);
    free(poller);
}

static size_t find(const struct poller *poller, int fd)
{
    size_t i = 0;
    while (i < poller->count && poller->fds[i].fd != fd)
        i++;
    return i;
}

static void grow(struct poller *poller)
{
    const size_t capacity = poller->capacity ? 2 * poller->capacity : 64;
    struct pollfd *fds = sink_must_allocate(capacity * sizeof *fds);
    void **data = sink_must_allocate(capacity * sizeof *data);
    if (poller->count > 0) {
        memcpy(fds, poller->fds, poller->count * sizeof *fds);
        memcpy(data, poller->data, poller->count * sizeof *data);
    }
    free(poller->fds);
    free(poller->data);
    poller->fds = fds;
    poller->data = data;
    poller->capacity = capacity;
}

void sink_poller_watch(struct poller *poller, int fd, void *data, bool reads, bool writes)
{
    const size_t i = find(poller, fd);
    if (i == poller->count) {
        if (poller->count == poller->capacity)
            grow(poller);
        poller->count++;
    }
    poller->fds[i] =
        (struct pollfd){.fd = fd, .events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0))};
    poller->data[i] = data;
}

void sink_poller_remove(struct poller *poller, int fd)
{
    const size_t i = find(poller, fd);
    if (i == poller->count)
        return;
    poller->count--;
    poller->fds[i] = poller->fds[poller->count];
    poller->data[i] = poller->data[poller->count];
}

size_t sink_poller_wait(struct poller *poller, struct poller_event *events, size_t max, int wait_ms)
{
    size_t count = 0;
    if (poll(poller->fds, (nfds_t)poller->count, wait_ms) <= 0)
        return 0;
    for (size_t i = 0; i < poller->count && count < max; i++) {
        if (poller->fds[i].revents != 0)
            events[count++].data = poller->data[i];
    }
    return count;
}
