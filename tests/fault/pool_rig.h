/* SPDX-License-Identifier: MIT */
/*
 * A pool whose servers are the test itself: each connection that is dialed ends at a small_server.
 * One thread, and the time is what the rig says, so that idling and retries cost none.
 *
 * Everything may fail for want of memory, the making of the pool and of its servers included, and
 * the servers know CHUNKING. What a pool does while it has memory is tested in a world
 * (unit/pool/world.h), whose servers can do much more.
 */
#ifndef TESTS_FAULT_POOL_RIG_H
#define TESTS_FAULT_POOL_RIG_H

#include <posthaste/posthaste.h>

#include "support/small_server.h"
#include "unit/base/test_allocator.h"

enum {
    rig_servers = 2,
    rig_peers_max = 64
};

struct pool_rig {
    struct test_allocator memory;
    ph_pool *pool;
    uint64_t now_ms;
    struct rig_server {
        struct pool_rig *rig;
        ph_server *server;
        const char *offers;
    } servers[rig_servers];
    /* As small_server has it; the same for every connection. */
    const char *(*answer)(struct small_server *server, const char *line);
    void *user_data;
    struct rig_peer {
        int fd;
        struct small_server server;
    } peers[rig_peers_max];
    size_t peer_count;
};

/** Makes pool and servers with rig->memory, which was made ready. @return PH_OK or
 * PH_ERR_NO_MEMORY; pool_rig_end is to be called in any case */
int pool_rig_begin(struct pool_rig *rig, const char *const offers[rig_servers]);

/** Takes pool and peers on, and the time where nothing else happens, until every message is done.
 * @return they are */
bool pool_rig_run(struct pool_rig *rig);

/** The same until no connection is open. @return none is */
bool pool_rig_run_to_the_end(struct pool_rig *rig);

/** Frees everything but the test's own messages. */
void pool_rig_end(struct pool_rig *rig);

#endif
