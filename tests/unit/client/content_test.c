/* SPDX-License-Identifier: MIT */
/* Where content comes from: descriptors, streams, callbacks, writers, and what of it arrives. */
#include "fault/client_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <wchar.h>

#include "unit/base/test_allocator.h"

static const struct step takes_one[] = {
    GREETED, TO_CONTENT, {STEP_HEAR_TO_DOT, NULL}, {STEP_SAY, "250 queued\r\n"}, SAID_GOODBYE};

static ph_message *new_message(void)
{
    ph_message *message;
    assert_int_equal(ph_message_new(NULL, &message), PH_OK);
    assert_int_equal(ph_message_set_from(message, "a@example.org"), PH_OK);
    assert_int_equal(ph_message_add_recipient(message, "b@example.org"), PH_OK);
    return message;
}

/* Sends, and checks the lines that arrived between DATA and the dot. */
static void check_arrives(ph_message *message, const char *lines)
{
    char expected[4096];
    struct scripted_server *server = play(takes_one);
    ph_smtp *smtp = client_of(server);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    assert_int_equal(ph_smtp_send(smtp, message), PH_OK);
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    ph_smtp_free(smtp);
    assert_null(scripted_server_stop(server));
    (void)snprintf(expected, sizeof expected, "DATA\n%s.\n", lines);
    if (!strstr(scripted_server_heard(), expected))
        fail_msg("heard: %s", scripted_server_heard());
}

static void pipe__is_read_to_its_end(void **state)
{
    (void)state;
    int fds[2];
    ph_message *message = new_message();
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "one\ntw", 6), 6);
    assert_int_equal(write(fds[1], "o\n", 2), 2);
    (void)close(fds[1]);
    assert_int_equal(ph_message_set_content_fd(message, fds[0]), PH_OK);
    check_arrives(message, "one\ntwo\n");
    (void)close(fds[0]); /* still the caller's */
    ph_message_free(message);
}

static void stream__is_read_from_where_it_stands(void **state)
{
    (void)state;
    ph_message *message = new_message();
    FILE *file = tmpfile();
    assert_non_null(file);
    (void)fputs("skipped\nkept\n.dot", file);
    assert_int_equal(fseek(file, 8, SEEK_SET), 0);
    assert_int_equal(ph_message_set_content_file(message, file), PH_OK);
    check_arrives(message, "kept\n..dot\n");
    (void)fclose(file);
    ph_message_free(message);
}

/* Gives a byte at a time. */
static int drip(void *buffer, size_t size, size_t *length, void *user_data)
{
    const char **rest = user_data;
    *length = **rest != '\0' && size > 0 ? 1 : 0;
    if (*length > 0)
        *(char *)buffer = *(*rest)++;
    return 0;
}

static void callback__is_called_until_it_gives_nothing(void **state)
{
    (void)state;
    const char *rest = "a\r\nb\r";
    ph_message *message = new_message();
    assert_int_equal(ph_message_set_content_callback(message, drip, &rest), PH_OK);
    check_arrives(message, "a\nb\n");
    ph_message_free(message);
}

static void memory__can_be_sent_again(void **state)
{
    (void)state;
    ph_message *message = new_message();
    assert_int_equal(ph_message_set_content(message, "same", 4), PH_OK);
    check_arrives(message, "same\n");
    check_arrives(message, "same\n");
    ph_message_free(message);
}

static int overstate(void *buffer, size_t size, size_t *length, void *user_data)
{
    (void)buffer;
    (void)user_data;
    *length = size + 1;
    return 0;
}

static void check_source_fails(ph_message *message, const char *says)
{
    static const struct step hears[] = {
        GREETED, TO_CONTENT, {STEP_HEAR_TO_END, NULL}, {STEP_END, NULL}};
    struct scripted_server *server = play(hears);
    ph_smtp *smtp = client_of(server);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    assert_int_equal(ph_smtp_send(smtp, message), PH_ERR_SOURCE);
    assert_non_null(strstr(ph_smtp_error(smtp)->message, says));
    assert_int_equal(ph_result_outcome(ph_smtp_result(smtp)), PH_OUTCOME_NOT_SENT);
    ph_smtp_free(smtp);
    (void)scripted_server_stop(server);
    assert_null(strstr(scripted_server_heard(), "\n.\n"));
}

static void source__that_fails_says_how(void **state)
{
    (void)state;
    ph_message *message = new_message();
    assert_int_equal(ph_message_set_content_callback(message, overstate, NULL), PH_OK);
    check_source_fails(message, "more bytes than there was room for");
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    (void)close(fds[0]);
    assert_int_equal(ph_message_set_content_fd(message, fds[1]), PH_OK); /* write-only */
    check_source_fails(message, "its file cannot be read: Bad file descriptor");
    (void)close(fds[1]);
    ph_message_free(message);
}

static void setters__refuse_nonsense(void **state)
{
    (void)state;
    ph_message *message = new_message();
    assert_int_equal(ph_message_set_content(message, NULL, 1), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_set_content(message, NULL, 0), PH_OK);
    assert_int_equal(ph_message_set_content_fd(message, -1), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_set_content_file(message, NULL), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_set_content_callback(message, NULL, NULL), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_set_recipient_policy(message, (ph_recipient_policy)7),
                     PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_set_body_type(message, (ph_body_type)7), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_set_smtputf8(message, (ph_smtputf8)7), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_set_from(message, "a b@c"), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_add_recipient(message, ""), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_add_recipient(message, NULL), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_recipient_count(message), 1);
    ph_message_free(message);
    ph_message_free(NULL);
}

/* ---- Trace ----------------------------------------------------------------------------------- */

static void trace_file__gets_lines_with_arrows(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETED, SAID_GOODBYE};
    char text[2048] = "";
    FILE *file = tmpfile();
    assert_non_null(file);
    struct scripted_server *server = play(steps);
    ph_smtp *smtp = client_of(server);
    ph_smtp_set_trace_file(smtp, file);
    assert_int_equal(ph_smtp_start(smtp, "client.example.org", NULL, NULL, NULL), PH_OK);
    ph_smtp_set_trace_file(smtp, NULL); /* acts at once */
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    ph_smtp_free(smtp);
    assert_null(scripted_server_stop(server));
    rewind(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    assert_non_null(strstr(text, "-- Connection opened: 127.0.0.1:"));
    assert_non_null(strstr(text, "\n-> 220 mx.example.net ready\n<- EHLO client.example.org\n"));
    assert_null(strstr(text, "QUIT"));
    (void)fclose(file);
}

/* ---- Writers --------------------------------------------------------------------------------- */

static int write_everything(ph_writer *writer, void *user_data)
{
    char *large = user_data;
    assert_int_equal(ph_writer_puts(writer, "line"), PH_OK);
    assert_int_equal(ph_writer_puts(writer, "ended\n"), PH_OK);
    assert_int_equal(ph_writer_puts(writer, "ended\r\n"), PH_OK);
    assert_int_equal(ph_writer_puts(writer, "twice\n\n"), PH_OK);
    assert_int_equal(ph_writer_puts(writer, NULL), PH_OK);
    assert_int_equal(ph_writer_print(writer, "no end, "), PH_OK);
    assert_int_equal(ph_writer_printf(writer, "%d %s\n", 42, "now"), PH_OK);
    assert_int_equal(ph_writer_printf(writer, "%s\n", large), PH_OK);
    assert_int_equal(ph_writer_write(writer, ".\n", 2), PH_OK);
    return 0;
}

static void writer__each_way_of_writing_arrives(void **state)
{
    (void)state;
    enum {
        large_size = 100000
    };
    char *large = malloc(large_size + 1);
    assert_non_null(large);
    memset(large, 'x', large_size);
    large[large_size] = '\0';
    large[700] = '\0';
    struct scripted_server *server = play(takes_one);
    ph_smtp *smtp = client_of(server);
    const char *const to[] = {"b@example.org"};
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    assert_int_equal(
        ph_smtp_open_message_stream(smtp, "a@example.org", to, 1, write_everything, large), PH_OK);
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    ph_smtp_free(smtp);
    assert_null(scripted_server_stop(server));
    assert_non_null(strstr(scripted_server_heard(),
                           "DATA\nline\nended\nended\ntwice\n\n\nno end, 42 now\nxxx"));
    assert_non_null(strstr(scripted_server_heard(), "xxx\n..\n.\n"));
    free(large);
}

static int write_in_pieces(ph_writer *writer, void *user_data)
{
    const char *bytes = user_data;
    int status = PH_OK;
    for (size_t size = 1; size <= 40000 && status == PH_OK; size *= 3) {
        status = ph_writer_write(writer, bytes, size);
        if (status == PH_OK)
            status = ph_writer_print(writer, "\n");
    }
    return status;
}

/* Pieces smaller than the writer's buffer, about its size, and larger. */
static void writer__pieces_of_all_sizes_arrive(void **state)
{
    (void)state;
    static char bytes[40000];
    memset(bytes, 'y', sizeof bytes);
    static const struct step waits[] = {
        GREETED,
        TO_CONTENT,
        {STEP_HEAR, "y"},
        {STEP_HEAR, "yyy"},
        {STEP_HEAR, "yyyyyyyyy"},
        {STEP_HEAR_TO_END, NULL},
        {STEP_END, NULL},
    };
    struct scripted_server *server = play(waits);
    ph_smtp *smtp = client_of(server);
    ph_message *envelope = new_message();
    ph_writer *writer;
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    assert_int_equal(ph_smtp_begin_message(smtp, envelope, &writer), PH_OK);
    assert_int_equal(write_in_pieces(writer, bytes), PH_OK);
    assert_int_equal(ph_smtp_abort_message(smtp), PH_OK);
    assert_int_equal(ph_writer_print(writer, "too late"), PH_ERR_STATE);
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    ph_smtp_free(smtp);
    ph_message_free(envelope);
    (void)scripted_server_stop(server);
}

/* ---- Writers that cannot write --------------------------------------------------------------- */

static const struct step hears_to_the_end[] = {
    GREETED, TO_CONTENT, {STEP_HEAR_TO_END, NULL}, {STEP_END, NULL}};

static int write_what_has_no_form(ph_writer *writer, void *user_data)
{
    const wchar_t none[] = {0x7fffffff, 0}; /* no character of any locale */
    (void)user_data;
    assert_int_equal(ph_writer_puts(writer, "Subject: with a gap"), PH_OK);
    assert_int_equal(ph_writer_printf(writer, "%ls", none), PH_ERR_ARGUMENT);
    assert_int_equal(ph_writer_puts(writer, "and goes on"), PH_ERR_ARGUMENT);
    return 0; /* as a program does that looks at no status */
}

static void writer__text_without_form_is_not_left_out(void **state)
{
    (void)state;
    struct scripted_server *server = play(hears_to_the_end);
    ph_smtp *smtp = client_of(server);
    const char *const to[] = {"b@example.org"};
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    assert_int_equal(
        ph_smtp_open_message_stream(smtp, "a@example.org", to, 1, write_what_has_no_form, NULL),
        PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_error(smtp)->status, PH_ERR_ARGUMENT);
    assert_int_equal(ph_result_outcome(ph_smtp_result(smtp)), PH_OUTCOME_NOT_SENT);
    ph_smtp_free(smtp);
    assert_null(scripted_server_stop(server));
    assert_null(strstr(scripted_server_heard(), "\n.\n"));
}

static void writer__without_memory_ends_the_message(void **state)
{
    (void)state;
    char text[601];
    struct test_allocator memory;
    ph_smtp *smtp;
    ph_writer *writer;
    ph_message *envelope = new_message();
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    test_allocator_init(&memory);
    struct scripted_server *server = play(hears_to_the_end);
    assert_int_equal(
        ph_smtp_new("127.0.0.1", scripted_server_port(server), &memory.allocator, &smtp), PH_OK);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    assert_int_equal(ph_smtp_begin_message(smtp, envelope, &writer), PH_OK);
    memory.fail_at = memory.n_allocations;
    assert_int_equal(ph_writer_printf(writer, "%s", text), PH_ERR_NO_MEMORY);
    assert_int_equal(ph_writer_puts(writer, "more"), PH_ERR_NO_MEMORY);
    assert_int_equal(ph_smtp_end_message(smtp), PH_ERR_NO_MEMORY);
    assert_int_equal(ph_smtp_error(smtp)->status, PH_ERR_NO_MEMORY);
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    ph_smtp_free(smtp);
    ph_message_free(envelope);
    assert_int_equal(memory.live_blocks, 0);
    assert_null(scripted_server_stop(server));
    assert_null(strstr(scripted_server_heard(), "\n.\n"));
}

static void data__refuses_null_before_anything_is_sent(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETED, SAID_GOODBYE};
    struct scripted_server *server = play(steps);
    ph_smtp *smtp = client_of(server);
    const char *const to[] = {"b@example.org"};
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    assert_int_equal(ph_smtp_data(smtp, NULL, 1), PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_data_callback(smtp, NULL, NULL), PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_data_stream(smtp, NULL, NULL), PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_open_message_stream(smtp, "a@example.org", to, 1, NULL, NULL),
                     PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_send_message(smtp, NULL, 1, "a@example.org", to, 1), PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    ph_smtp_free(smtp);
    assert_null(scripted_server_stop(server));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipe__is_read_to_its_end),
        cmocka_unit_test(stream__is_read_from_where_it_stands),
        cmocka_unit_test(callback__is_called_until_it_gives_nothing),
        cmocka_unit_test(memory__can_be_sent_again),
        cmocka_unit_test(source__that_fails_says_how),
        cmocka_unit_test(setters__refuse_nonsense),
        cmocka_unit_test(trace_file__gets_lines_with_arrows),
        cmocka_unit_test(writer__each_way_of_writing_arrives),
        cmocka_unit_test(writer__pieces_of_all_sizes_arrive),
        cmocka_unit_test(writer__text_without_form_is_not_left_out),
        cmocka_unit_test(writer__without_memory_ends_the_message),
        cmocka_unit_test(data__refuses_null_before_anything_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
