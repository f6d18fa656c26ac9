/* SPDX-License-Identifier: MIT */
/* A pool whose servers are the test itself. */
#include "fault/pool_rig.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    steps_max = 2000
};

static int dial(const char *address, int port, uint32_t timeout_ms, int *fd, void *user_data)
{
    const struct rig_server *server = user_data;
    struct pool_rig *rig = server->rig;
    int fds[2];
    (void)address;
    (void)port;
    (void)timeout_ms;
    if (rig->peer_count == rig_peers_max || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        return EMFILE;
    struct rig_peer *peer = &rig->peers[rig->peer_count++];
    peer->fd = fds[1];
    small_server_begin(&peer->server, server->offers);
    peer->server.answer = rig->answer;
    peer->server.user_data = rig->user_data;
    *fd = fds[0];
    return 0;
}

static int make_server(struct pool_rig *rig, struct rig_server *server, const char *offers)
{
    server->rig = rig;
    server->offers = offers;
    int status = ph_server_new("mx.example.net", 25, &rig->memory.allocator, &server->server);
    if (status == PH_OK)
        status = ph_server_set_dial(server->server, dial, server);
    if (status == PH_OK)
        status = ph_server_set_tls_mode(server->server, PH_TLS_OFF);
    return status;
}

int pool_rig_begin(struct pool_rig *rig, const char *const offers[rig_servers])
{
    int status = ph_pool_new(&rig->memory.allocator, &rig->pool);
    for (size_t i = 0; i < rig_servers && status == PH_OK; i++)
        status = make_server(rig, &rig->servers[i], offers[i]);
    rig->now_ms = ph_now_ms() + 1; /* only goes forward */
    return status;
}

static bool step(struct pool_rig *rig)
{
    bool is_active = false;
    ph_pool_process(rig->pool, rig->now_ms);
    for (size_t i = 0; i < rig->peer_count; i++)
        is_active = small_server_serve(&rig->peers[i].server, rig->peers[i].fd) || is_active;
    return is_active;
}

static bool is_finished(const struct pool_rig *rig, bool also_connections)
{
    ph_pool_statistics now;
    ph_pool_get_statistics(rig->pool, &now, sizeof now);
    return ph_pool_unfinished(rig->pool) == 0 && (!also_connections || now.connections_open == 0);
}

static bool run(struct pool_rig *rig, bool also_connections)
{
    for (int i = 0; i < steps_max && !is_finished(rig, also_connections); i++) {
        if (step(rig) || is_finished(rig, also_connections))
            continue;
        const uint64_t deadline = ph_pool_deadline(rig->pool);
        if (deadline != PH_NO_DEADLINE && deadline > rig->now_ms)
            rig->now_ms = deadline;
    }
    return is_finished(rig, also_connections);
}

bool pool_rig_run(struct pool_rig *rig)
{
    return run(rig, false);
}

bool pool_rig_run_to_the_end(struct pool_rig *rig)
{
    return run(rig, true);
}

void pool_rig_end(struct pool_rig *rig)
{
    ph_pool_free(rig->pool);
    for (size_t i = 0; i < rig_servers; i++)
        ph_server_free(rig->servers[i].server);
    for (size_t i = 0; i < rig->peer_count; i++)
        (void)close(rig->peers[i].fd);
}
