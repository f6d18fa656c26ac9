/* SPDX-License-Identifier: MIT */
/* Waiting for many descriptors, by epoll (Linux). */
#include "sink/poller.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "sink/bytes.h"

enum {
    batch = 64
};

struct poller {
    int fd;
};

struct poller *sink_poller_new(void)
{
    const int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct poller *poller = sink_must_allocate(sizeof *poller);
    poller->fd = fd;
    return poller;
}

void sink_poller_free(struct poller *poller)
{
    (void)close(poller->fd);
    free(poller);
}

static void control(int epoll, int operation, int fd, void *data, bool reads, bool writes)
{
    struct epoll_event event = {.events = (reads ? (uint32_t)EPOLLIN : 0) |
                                          (writes ? (uint32_t)EPOLLOUT : 0),
                                .data = {.ptr = data}};
    (void)epoll_ctl(epoll, operation, fd, &event);
}

void sink_poller_add(struct poller *poller, int fd, void *data, bool reads, bool writes)
{
    control(poller->fd, EPOLL_CTL_ADD, fd, data, reads, writes);
}

void sink_poller_change(struct poller *poller, int fd, void *data, bool reads, bool writes)
{
    control(poller->fd, EPOLL_CTL_MOD, fd, data, reads, writes);
}

void sink_poller_remove(struct poller *poller, int fd)
{
    (void)poller; /* closing the descriptor removes it: one system call less for each client */
    (void)fd;
}

size_t sink_poller_wait(struct poller *poller, struct poller_event *events, size_t max, int wait_ms)
{
    struct epoll_event ready[batch];
    const int count = epoll_wait(poller->fd, ready, max < batch ? (int)max : (int)batch, wait_ms);
    for (int i = 0; i < count; i++)
        events[i].data = ready[i].data.ptr;
    return count > 0 ? (size_t)count : 0;
}
