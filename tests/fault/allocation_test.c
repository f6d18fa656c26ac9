/* SPDX-License-Identifier: MIT */
/*
 * A whole session, from making the client to freeing it, with each allocation failing in turn, and
 * with all from each on: it ends in PH_ERR_NO_MEMORY or success, and leaves nothing behind. Of its
 * secrets nothing is left in what was released.
 */
#include "fault/client_test.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/base/test_allocator.h"

enum {
    rounds_max = 2000
};

static const char password[] = "correct horse battery staple";

static const struct step session[] = {
    {STEP_SAY, "220 mx.example.net ready\r\n"},
    {STEP_HEAR, "EHLO "},
    {STEP_SAY, "250-mx.example.net\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN\r\n"},
    {STEP_HEAR, "AUTH PLAIN "},
    {STEP_SAY, "235 welcome\r\n"},
    {STEP_HEAR, "MAIL FROM:<a@example.org>"},
    {STEP_HEAR, "RCPT TO:<b@example.org>"},
    {STEP_HEAR, "RCPT TO:<c@example.org>"},
    {STEP_HEAR, "DATA"},
    {STEP_SAY, "250 ok\r\n550 5.1.1 nobody\r\n250 ok\r\n354 go ahead\r\n"},
    {STEP_HEAR_TO_DOT, NULL},
    {STEP_SAY, "250 2.0.0 queued\r\n"},
    {STEP_HEAR, "QUIT"},
    {STEP_SAY, "221 bye\r\n"},
    {STEP_END, NULL},
};

static int send_to_two(ph_smtp *smtp, const ph_allocator *allocator)
{
    ph_message *message;
    int status = ph_message_new(allocator, &message);
    if (status == PH_OK)
        status = ph_message_set_from(message, "a@example.org");
    if (status == PH_OK)
        status = ph_message_add_recipient(message, "b@example.org");
    if (status == PH_OK)
        status = ph_message_add_recipient(message, "c@example.org");
    if (status == PH_OK)
        status = ph_message_set_recipient_policy(message, PH_RCPT_ANY);
    if (status == PH_OK)
        status = ph_message_set_content(message, "Subject: hello\n\nhello\n", 22);
    if (status == PH_OK)
        status = ph_smtp_send(smtp, message);
    ph_message_free(message);
    return status;
}

static int run_session(const ph_allocator *allocator, int port)
{
    ph_smtp *smtp;
    int status = ph_smtp_new("127.0.0.1", port, allocator, &smtp);
    if (status == PH_OK)
        status = ph_smtp_start(smtp, NULL, "user", password, "PLAIN");
    if (status == PH_OK)
        status = send_to_two(smtp, allocator);
    if (status == PH_OK) {
        assert_int_equal(ph_result_outcome(ph_smtp_result(smtp)), PH_OUTCOME_SENT);
        assert_int_equal(ph_result_refused_count(ph_smtp_result(smtp)), 1);
        (void)ph_smtp_description(smtp);
        (void)ph_smtp_finish(smtp);
    }
    ph_smtp_free(smtp);
    return status;
}

/* A client that failed before it connected leaves the server waiting. */
static void visit(const struct scripted_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)scripted_server_port(server));
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)connect(fd, (struct sockaddr *)&address, sizeof address);
    (void)close(fd);
}

static void check_round(struct test_allocator *memory, int round)
{
    memory->secret = password;
    struct scripted_server *server = play(session);
    const int status = run_session(&memory->allocator, scripted_server_port(server));
    if (memory->has_failed ? status != PH_OK && status != PH_ERR_NO_MEMORY : status != PH_OK)
        fail_msg("allocation %d: %s", round, ph_status_name(status));
    if (memory->live_blocks != 0)
        fail_msg("allocation %d: %zu blocks are left", round, memory->live_blocks);
    if (memory->has_released_secret)
        fail_msg("allocation %d: the password is in released memory", round);
    visit(server);
    (void)scripted_server_stop(server);
}

static void sweep(bool fails_from_there)
{
    bool has_failed = true;
    int round = 0;
    for (; has_failed && round < rounds_max; round++) {
        struct test_allocator memory;
        test_allocator_init_failing(&memory, round);
        memory.fails_from_there = fails_from_there;
        check_round(&memory, round);
        has_failed = memory.has_failed;
    }
    assert_in_range(round, 10, rounds_max - 1);
}

static void session__each_allocation_may_fail(void **state)
{
    (void)state;
    sweep(false);
}

static void session__all_allocations_from_each_on_may_fail(void **state)
{
    (void)state;
    sweep(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session__each_allocation_may_fail),
        cmocka_unit_test(session__all_allocations_from_each_on_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
