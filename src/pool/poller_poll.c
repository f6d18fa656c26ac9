/* SPDX-License-Identifier: MIT */
/* Waiting by poll, on every system: what is watched is gathered for each wait. */
#include "pool/poller.h"

#if !defined(__linux__) || defined(POSTHASTE_POLLER_POLL)

#include "base/allocator.h"

struct ph__poller {
    const ph_allocator *allocator;
    struct ph__watch **watches; /* in any order */
    size_t count;
    size_t room;
    struct pollfd *fds;
    struct ph__watch **of_fd; /* the watch of each */
    size_t fds_count;
    size_t fds_room;
};

int ph__poller_new(const ph_allocator *allocator, struct ph__poller **out)
{
    struct ph__poller *poller = ph__allocate(allocator, sizeof *poller);
    if (!poller)
        return PH_ERR_NO_MEMORY;
    poller->allocator = allocator;
    *out = poller;
    return PH_OK;
}

void ph__poller_free(struct ph__poller *poller)
{
    if (!poller)
        return;
    ph__release(poller->allocator, poller->watches);
    ph__release(poller->allocator, poller->fds);
    ph__release(poller->allocator, poller->of_fd);
    ph__release(poller->allocator, poller);
}

/* Room for the watches, and for as many descriptors as they may have. */
static int grow(struct ph__poller *poller)
{
    const size_t room = poller->room == 0 ? 16 : 2 * poller->room;
    const size_t fds_room = room * PH_POLLFDS_MAX;
    void *watches =
        ph__reallocate_array(poller->allocator, poller->watches, room, sizeof(struct ph__watch *));
    if (!watches)
        return PH_ERR_NO_MEMORY;
    poller->watches = watches;
    void *fds =
        ph__reallocate_array(poller->allocator, poller->fds, fds_room, sizeof(struct pollfd));
    if (!fds)
        return PH_ERR_NO_MEMORY;
    poller->fds = fds;
    void *of_fd = ph__reallocate_array(poller->allocator, poller->of_fd, fds_room,
                                       sizeof(struct ph__watch *));
    if (!of_fd)
        return PH_ERR_NO_MEMORY;
    poller->of_fd = of_fd;
    poller->room = room;
    poller->fds_room = fds_room;
    return PH_OK;
}

int ph__poller_add(struct ph__poller *poller, struct ph__watch *watch, void *owner)
{
    if (poller->count == poller->room && grow(poller) != PH_OK)
        return PH_ERR_NO_MEMORY;
    poller->watches[poller->count++] = watch;
    *watch = (struct ph__watch){.owner = owner, .number = poller->count};
    watch->fds = &watch->one;
    return PH_OK;
}

int ph__poller_watch(struct ph__poller *poller, struct ph__watch *watch, const struct pollfd *fds,
                     size_t count, bool is_settled)
{
    (void)is_settled;
    if (count > 1 && !watch->many) {
        watch->many =
            ph__reallocate_array(poller->allocator, NULL, PH_POLLFDS_MAX, sizeof *watch->many);
        if (!watch->many)
            return PH_ERR_NO_MEMORY;
        watch->fds = watch->many;
    }
    for (size_t i = 0; i < count; i++)
        watch->fds[i] = fds[i];
    watch->count = count;
    return PH_OK;
}

void ph__poller_remove(struct ph__poller *poller, struct ph__watch *watch)
{
    if (watch->number == 0)
        return;
    struct ph__watch *last = poller->watches[--poller->count];
    poller->watches[watch->number - 1] = last;
    last->number = watch->number;
    for (size_t i = 0; i < poller->fds_count; i++) {
        if (poller->of_fd[i] == watch)
            poller->of_fd[i] = NULL;
    }
    ph__release(poller->allocator, watch->many);
    *watch = (struct ph__watch){.owner = NULL};
}

size_t ph__poller_wait(struct ph__poller *poller, int timeout_ms)
{
    poller->fds_count = 0;
    for (size_t i = 0; i < poller->count; i++) {
        struct ph__watch *watch = poller->watches[i];
        for (size_t k = 0; k < watch->count; k++) {
            poller->of_fd[poller->fds_count] = watch;
            poller->fds[poller->fds_count++] = watch->fds[k];
        }
    }
    return poll(poller->fds, (nfds_t)poller->fds_count, timeout_ms) > 0 ? poller->fds_count : 0;
}

void *ph__poller_take(struct ph__poller *poller, size_t index, struct pollfd *fd)
{
    *fd = poller->fds[index];
    return fd->revents != 0 && poller->of_fd[index] ? poller->of_fd[index]->owner : NULL;
}

int ph__poller_fd(const struct ph__poller *poller)
{
    (void)poller;
    return -1;
}

#else

typedef int ph__poller_poll_is_not_used;

#endif
