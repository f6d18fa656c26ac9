/* SPDX-License-Identifier: MIT */
/* Files whose line ends the caller vouches for: they leave by BDAT without being read. */
#include "fault/client_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GREETED_WITH_CHUNKING                                                                      \
    {STEP_SAY, "220 mx.example.net ready\r\n"}, {STEP_HEAR, "EHLO "},                              \
    {                                                                                              \
        STEP_SAY, "250-mx.example.net\r\n250-CHUNKING\r\n250 PIPELINING\r\n"                       \
    }

#define ENVELOPE_TAKEN                                                                             \
    {STEP_HEAR, "MAIL FROM:<a@example.org>"}, {STEP_HEAR, "RCPT TO:<b@example.org>"},              \
    {                                                                                              \
        STEP_SAY, "250 ok\r\n250 ok\r\n"                                                           \
    }

static ph_message *message_of(int fd)
{
    ph_message *message;
    assert_int_equal(ph_message_new(NULL, &message), PH_OK);
    assert_int_equal(ph_message_set_from(message, "a@example.org"), PH_OK);
    assert_int_equal(ph_message_add_recipient(message, "b@example.org"), PH_OK);
    assert_int_equal(ph_message_set_content_fd(message, fd), PH_OK);
    assert_int_equal(ph_message_set_line_ends(message, PH_LINE_ENDS_CRLF), PH_OK);
    return message;
}

static int file_with(const char *text)
{
    char path[] = "/tmp/posthaste-file-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)unlink(path);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* Sends the file from byte `from` on to a server that plays the script. @return the status */
static int send_file(const struct step *steps, const char *text, off_t from, uint64_t *bytes)
{
    const int fd = file_with(text);
    struct scripted_server *server = play(steps);
    ph_smtp *smtp = client_of(server);
    ph_message *message = message_of(fd);
    assert_int_equal(lseek(fd, from, SEEK_SET), from);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    const int status = ph_smtp_send(smtp, message);
    *bytes = ph_result_bytes(ph_smtp_result(smtp));
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    ph_smtp_free(smtp);
    ph_message_free(message);
    (void)close(fd);
    const char *problem = scripted_server_stop(server);
    if (problem)
        fail_msg("%s", problem);
    return status;
}

static void file__leaves_as_it_is_from_where_it_stands(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETED_WITH_CHUNKING,
                                        ENVELOPE_TAKEN,
                                        {STEP_HEAR, "BDAT 12 LAST"},
                                        {STEP_HEAR, "kept"},
                                        {STEP_HEAR, ".dot"},
                                        {STEP_SAY, "250 queued\r\n"},
                                        {STEP_HEAR, "QUIT"},
                                        {STEP_SAY, "221 bye\r\n"},
                                        {STEP_END, NULL}};
    uint64_t bytes;
    assert_int_equal(send_file(steps, "skipped\r\nkept\r\n.dot\r\n", 9, &bytes), PH_OK);
    assert_int_equal(bytes, 12);
}

static void file__without_a_last_line_end_gets_one(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETED_WITH_CHUNKING,
                                        ENVELOPE_TAKEN,
                                        {STEP_HEAR, "BDAT 10 LAST"},
                                        {STEP_HEAR, "one"},
                                        {STEP_HEAR, "two"},
                                        {STEP_SAY, "250 queued\r\n"},
                                        {STEP_HEAR, "QUIT"},
                                        {STEP_SAY, "221 bye\r\n"},
                                        {STEP_END, NULL}};
    uint64_t bytes;
    assert_int_equal(send_file(steps, "one\r\ntwo", 0, &bytes), PH_OK);
    assert_int_equal(bytes, 10);
}

static void file__that_is_empty_is_one_empty_line(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETED_WITH_CHUNKING,        ENVELOPE_TAKEN,
                                        {STEP_HEAR, "BDAT 2 LAST"},   {STEP_HEAR, ""},
                                        {STEP_SAY, "250 queued\r\n"}, {STEP_HEAR, "QUIT"},
                                        {STEP_SAY, "221 bye\r\n"},    {STEP_END, NULL}};
    uint64_t bytes;
    assert_int_equal(send_file(steps, "", 0, &bytes), PH_OK);
    assert_int_equal(bytes, 2);
}

static void file__behind_data_is_looked_through(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETED,
                                        TO_CONTENT,
                                        {STEP_HEAR, "one"},
                                        {STEP_HEAR, "..two"},
                                        {STEP_HEAR, "."},
                                        {STEP_SAY, "250 queued\r\n"},
                                        SAID_GOODBYE};
    uint64_t bytes;
    assert_int_equal(send_file(steps, "one\n.two\r\n", 0, &bytes), PH_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file__leaves_as_it_is_from_where_it_stands),
        cmocka_unit_test(file__without_a_last_line_end_gets_one),
        cmocka_unit_test(file__that_is_empty_is_one_empty_line),
        cmocka_unit_test(file__behind_data_is_looked_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
