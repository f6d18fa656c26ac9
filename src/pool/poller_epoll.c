/* SPDX-License-Identifier: MIT */
/*
 * Waiting by epoll: what is watched is told to the system once, and costs nothing while nothing
 * happens. A number and a descriptor come back with each event; watches are found by their number.
 */
#include "pool/poller.h"

#if defined(__linux__) && !defined(POSTHASTE_POLLER_POLL)

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/allocator.h"

enum {
    events_at_once = 256
};

struct ph__poller {
    const ph_allocator *allocator;
    int epoll;
    struct ph__watch **watches; /* by number, from 1; NULL: free */
    uint32_t *generations;      /* how often a number was given away */
    size_t size;
    size_t free_from; /* no number below it is free */
    struct epoll_event events[events_at_once];
};

int ph__poller_new(const ph_allocator *allocator, struct ph__poller **out)
{
    struct ph__poller *poller = ph__allocate(allocator, sizeof *poller);
    if (!poller)
        return PH_ERR_NO_MEMORY;
    poller->allocator = allocator;
    poller->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (poller->epoll < 0) {
        ph__release(allocator, poller);
        return PH_ERR_IO;
    }
    *out = poller;
    return PH_OK;
}

void ph__poller_free(struct ph__poller *poller)
{
    if (!poller)
        return;
    (void)close(poller->epoll);
    ph__release(poller->allocator, poller->watches);
    ph__release(poller->allocator, poller->generations);
    ph__release(poller->allocator, poller);
}

static int grow(struct ph__poller *poller)
{
    const size_t size = poller->size == 0 ? 16 : 2 * poller->size;
    struct ph__watch **watches =
        ph__reallocate_array(poller->allocator, poller->watches, size, sizeof(struct ph__watch *));
    if (!watches)
        return PH_ERR_NO_MEMORY;
    poller->watches = watches;
    uint32_t *generations =
        ph__reallocate_array(poller->allocator, poller->generations, size, sizeof *generations);
    if (!generations)
        return PH_ERR_NO_MEMORY;
    poller->generations = generations;
    for (size_t i = poller->size; i < size; i++) {
        watches[i] = NULL;
        generations[i] = 0;
    }
    poller->size = size;
    return PH_OK;
}

int ph__poller_add(struct ph__poller *poller, struct ph__watch *watch, void *owner)
{
    size_t i = poller->free_from;
    while (i < poller->size && poller->watches[i])
        i++;
    if (i == poller->size && grow(poller) != PH_OK)
        return PH_ERR_NO_MEMORY;
    poller->watches[i] = watch;
    poller->free_from = i + 1;
    *watch = (struct ph__watch){.owner = owner, .number = i + 1};
    watch->fds = &watch->one;
    return PH_OK;
}

/* The number's low half, so that the descriptor fits beside it and its generation. */
static uint64_t key_of(const struct ph__poller *poller, const struct ph__watch *watch, int fd)
{
    const uint32_t generation = poller->generations[watch->number - 1] & 0xfff;
    return (uint64_t)watch->number << 40 | (uint64_t)generation << 28 | (uint32_t)fd;
}

static int control(struct ph__poller *poller, const struct ph__watch *watch, int operation,
                   const struct pollfd *fd)
{
    struct epoll_event event = {.events = (fd->events & POLLIN ? (uint32_t)EPOLLIN : 0) |
                                          (fd->events & POLLOUT ? (uint32_t)EPOLLOUT : 0),
                                .data.u64 = key_of(poller, watch, fd->fd)};
    if (epoll_ctl(poller->epoll, operation, fd->fd, &event) == 0)
        return PH_OK;
    return errno == ENOENT && operation == EPOLL_CTL_MOD ? control(poller, watch, EPOLL_CTL_ADD, fd)
                                                         : PH_ERR_NO_MEMORY;
}

static const struct pollfd *find(const struct pollfd *fds, size_t count, int fd)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i].fd == fd)
            return &fds[i];
    }
    return NULL;
}

static int make_room(struct ph__poller *poller, struct ph__watch *watch, size_t count)
{
    if (count <= 1 || watch->many)
        return PH_OK;
    watch->many =
        ph__reallocate_array(poller->allocator, NULL, PH_POLLFDS_MAX, sizeof *watch->many);
    if (!watch->many)
        return PH_ERR_NO_MEMORY;
    watch->many[0] = watch->one;
    watch->fds = watch->many;
    return PH_OK;
}

/* Back to one descriptor: the room for many was for the opening alone. */
static void give_back_room(struct ph__poller *poller, struct ph__watch *watch)
{
    if (!watch->many || watch->count > 1)
        return;
    watch->one = watch->many[0];
    watch->fds = &watch->one;
    ph__release(poller->allocator, watch->many);
    watch->many = NULL;
}

int ph__poller_watch(struct ph__poller *poller, struct ph__watch *watch, const struct pollfd *fds,
                     size_t count, bool is_settled)
{
    int status = make_room(poller, watch, count);
    if (status != PH_OK)
        return status;
    for (size_t i = 0; i < watch->count; i++) {
        if (!find(fds, count, watch->fds[i].fd)) /* or it is closed already, and nobody minds */
            (void)epoll_ctl(poller->epoll, EPOLL_CTL_DEL, watch->fds[i].fd, NULL);
    }
    for (size_t i = 0; i < count && status == PH_OK; i++) {
        const struct pollfd *before = find(watch->fds, watch->count, fds[i].fd);
        if (!before)
            status = control(poller, watch, EPOLL_CTL_ADD, &fds[i]);
        else if (!is_settled || before->events != fds[i].events)
            status = control(poller, watch, EPOLL_CTL_MOD, &fds[i]);
    }
    for (size_t i = 0; i < count; i++)
        watch->fds[i] = fds[i];
    watch->count = count;
    give_back_room(poller, watch);
    return status;
}

/* The system forgets descriptors when they are closed. Their numbers may be another's by now. */
void ph__poller_remove(struct ph__poller *poller, struct ph__watch *watch)
{
    if (watch->number == 0)
        return;
    const size_t i = watch->number - 1;
    poller->watches[i] = NULL;
    poller->generations[i]++;
    if (i < poller->free_from)
        poller->free_from = i;
    ph__release(poller->allocator, watch->many);
    *watch = (struct ph__watch){.owner = NULL};
}

size_t ph__poller_wait(struct ph__poller *poller, int timeout_ms)
{
    const int n = epoll_wait(poller->epoll, poller->events, events_at_once, timeout_ms);
    return n > 0 ? (size_t)n : 0;
}

void *ph__poller_take(struct ph__poller *poller, size_t index, struct pollfd *fd)
{
    const struct epoll_event *event = &poller->events[index];
    const uint64_t key = event->data.u64;
    const size_t number = (size_t)(key >> 40);
    const int descriptor = (int)(key & 0xfffffff);
    struct ph__watch *watch = number <= poller->size ? poller->watches[number - 1] : NULL;
    if (!watch || key_of(poller, watch, descriptor) != key)
        return NULL;
    /* Errors and ends are told by the next read. */
    short events = 0;
    if (event->events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        events |= POLLIN;
    if (event->events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
        events |= POLLOUT;
    *fd = (struct pollfd){.fd = descriptor, .events = events, .revents = events};
    return watch->owner;
}

int ph__poller_fd(const struct ph__poller *poller)
{
    return poller->epoll;
}

#else

typedef int ph__poller_epoll_is_not_used;

#endif
