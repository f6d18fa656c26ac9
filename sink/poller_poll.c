/* SPDX-License-Identifier: MIT */
/* Waiting for many descriptors, by poll: where there is no epoll. */
#include "sink/poller.h"

#include <poll.h>
#include <stdlib.h>

#include "sink/bytes.h"

struct poller {
    struct pollfd *fds;
    void **data;
    size_t count;
    size_t capacity;
    size_t turn; /* whose event is told of first, so that the busy ones leave nobody out */
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
    poller->capacity = poller->capacity ? 2 * poller->capacity : 64;
    poller->fds = sink_must_resize(poller->fds, poller->capacity * sizeof *poller->fds);
    poller->data = sink_must_resize(poller->data, poller->capacity * sizeof *poller->data);
}

static void set(struct poller *poller, size_t i, int fd, void *data, bool reads, bool writes)
{
    poller->fds[i] =
        (struct pollfd){.fd = fd, .events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0))};
    poller->data[i] = data;
}

void sink_poller_add(struct poller *poller, int fd, void *data, bool reads, bool writes)
{
    if (poller->count == poller->capacity)
        grow(poller);
    set(poller, poller->count++, fd, data, reads, writes);
}

void sink_poller_change(struct poller *poller, int fd, void *data, bool reads, bool writes)
{
    const size_t i = find(poller, fd);
    if (i < poller->count)
        set(poller, i, fd, data, reads, writes);
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
    for (size_t k = 0; k < poller->count && count < max; k++) {
        const size_t i = (poller->turn + k) % poller->count;
        if (poller->fds[i].revents != 0)
            events[count++].data = poller->data[i];
    }
    poller->turn += max;
    return count;
}
