/* SPDX-License-Identifier: MIT */
/* Waiting for many descriptors: epoll where there is one, else poll; the build chooses the file. */
#ifndef SINK_POLLER_H
#define SINK_POLLER_H

#include <stdbool.h>
#include <stddef.h>

struct poller;

struct poller_event {
    void *data;
};

/** @return a poller, or NULL (errno says why) */
struct poller *sink_poller_new(void);
void sink_poller_free(struct poller *poller);

/** Watches a descriptor from now on. */
void sink_poller_add(struct poller *poller, int fd, void *data, bool reads, bool writes);

/** Watches it in another way; of a descriptor that is watched for nothing, only its end shows. */
void sink_poller_change(struct poller *poller, int fd, void *data, bool reads, bool writes);

/** Watches it no more; it must be closed next. */
void sink_poller_remove(struct poller *poller, int fd);

/** @return how many events there are, at most @p max, each of another descriptor; @p wait_ms -1 is
 * no limit */
size_t sink_poller_wait(struct poller *poller, struct poller_event *events, size_t max,
                        int wait_ms);

#endif
