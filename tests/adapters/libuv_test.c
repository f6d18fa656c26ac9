/* SPDX-License-Identifier: MIT */
/* The adapter of libuv beside other handles of the loop, whose descriptors come and go as well. */
#include "unit/base/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <posthaste/adapters/libuv.h>
#include <posthaste/posthaste.h>

#include "support/scripted_server.h"

struct run {
    uv_loop_t loop;
    uv_poll_t stale; /* watches a number whose descriptor was closed under it */
    uv_timer_t later;
    int number;
    ph_uv *adapter;
    ph_connection *connection;
    int status; /* of CLOSED */
};

static void never(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
}

static void close_stale(uv_timer_t *later)
{
    struct run *run = later->data;
    uv_close((uv_handle_t *)&run->stale, NULL);
    uv_close((uv_handle_t *)later, NULL);
}

/* The socket gets the number that a handle still watches, until the loop's next turn. */
static int dial(const char *address, int port, uint32_t timeout_ms, int *fd, void *user_data)
{
    struct run *run = user_data;
    const struct sockaddr_in peer = {.sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)port),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int dialed = socket(AF_INET, SOCK_STREAM, 0);
    (void)address;
    (void)timeout_ms;
    if (connect(dialed, (const struct sockaddr *)&peer, sizeof peer) != 0)
        return errno;
    *fd = dup2(dialed, run->number);
    (void)close(dialed);
    (void)uv_timer_start(&run->later, close_stale, 0, 0);
    return *fd < 0 ? errno : 0;
}

static void handle(ph_connection *connection, const ph_event *event, void *user_data)
{
    struct run *run = user_data;
    if (event->type == PH_EVENT_READY)
        assert_int_equal(ph_connection_quit(connection), PH_OK);
    if (event->type != PH_EVENT_CLOSED)
        return;
    run->status = event->status;
    ph_uv_detach(run->adapter);
    ph_connection_free(connection);
}

static void watch_stale(struct run *run, int ends[2])
{
    assert_int_equal(uv_loop_init(&run->loop), 0);
    assert_int_equal(pipe(ends), 0);
    run->number = ends[0];
    assert_int_equal(uv_poll_init(&run->loop, &run->stale, ends[0]), 0);
    assert_int_equal(uv_poll_start(&run->stale, UV_READABLE, never), 0);
    assert_int_equal(uv_timer_init(&run->loop, &run->later), 0);
    run->later.data = run;
}

/* libuv refuses to watch one number twice. Nothing else would come before the time limit. */
static void number_that_is_watched__is_tried_again_soon(void **state)
{
    (void)state;
    static const struct step steps[] = {{STEP_SAY, "220 mx\r\n"},  {STEP_HEAR, "EHLO"},
                                        {STEP_SAY, "250 mx\r\n"},  {STEP_HEAR, "QUIT"},
                                        {STEP_SAY, "221 bye\r\n"}, {STEP_END, NULL}};
    struct scripted_server *peer = scripted_server_start(&(struct server_settings){.steps = steps});
    struct run run = {.status = PH_ERR_STATE};
    int ends[2];
    ph_server *server;
    watch_stale(&run, ends);
    assert_int_equal(ph_server_new("127.0.0.1", scripted_server_port(peer), NULL, &server), PH_OK);
    assert_int_equal(ph_server_set_dial(server, dial, &run), PH_OK);
    assert_int_equal(ph_connection_new(server, ph_now_ms(), &run.connection), PH_OK);
    ph_connection_set_handler(run.connection, handle, &run);
    run.adapter = ph_uv_attach(&run.loop, run.connection);
    assert_non_null(run.adapter);
    (void)uv_run(&run.loop, UV_RUN_DEFAULT);
    assert_int_equal(run.status, PH_OK);
    assert_int_equal(uv_loop_close(&run.loop), 0);
    assert_null(scripted_server_stop(peer));
    ph_server_free(server);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(number_that_is_watched__is_tried_again_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
