/* SPDX-License-Identifier: MIT */
/*
 * Mail that the kernel encrypts arrives as it was sent: by DATA and by BDAT, small and large, from
 * memory and from a file, over TLS 1.2 and 1.3. For a machine whose kernel has TLS, beside sinks
 * that run (tests/ktls/init).
 *
 *     mail_test CAFILE MAILDIR VERSION PORT [VERSION PORT...]
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <posthaste/adapters/poll.h>
#include <posthaste/posthaste.h>

enum {
    small = 300,
    large = 4 * 1024 * 1024,
    path_room = 1024
};

static char **arguments;

struct row {
    size_t size;
    bool chunking;
    bool is_file;
    bool is_vouched;
    bool kernel;
};

/* ---- Content --------------------------------------------------------------------------------- */

static char content[large + 1];

/* Lines of many lengths, each third with a dot before it. */
static void fill_content(void)
{
    size_t at = 0;
    for (size_t line = 0; at < large; line++) {
        const size_t length = 2 + line * 37 % 900;
        if (line % 3 == 0)
            content[at++] = '.';
        for (size_t i = 0; i < length && at < large; i++)
            content[at++] = (char)('a' + (line + i) % 26);
        if (at + 2 <= large) {
            content[at++] = '\r';
            content[at++] = '\n';
        }
    }
}

/* Content ends with a line end whatever its size is. */
static void end_content(char *bytes, size_t size)
{
    bytes[size - 2] = '\r';
    bytes[size - 1] = '\n';
    if (bytes[size - 3] == '\r')
        bytes[size - 3] = 'x';
}

/* ---- What the kernel has counted ------------------------------------------------------------- */

static long kernel_sessions(void)
{
    char line[128];
    long count = -1;
    FILE *file = fopen("/proc/net/tls_stat", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "TlsTxSw", 7) == 0)
            count = strtol(line + 7, NULL, 10);
    (void)fclose(file);
    assert_true(count >= 0);
    return count;
}

/* ---- What arrived ---------------------------------------------------------------------------- */

static void path_of_new(char path[path_room])
{
    char folder[path_room - 300];
    (void)snprintf(folder, sizeof folder, "%s/new", arguments[2]);
    DIR *directory = opendir(folder);
    size_t count = 0;
    assert_non_null(directory);
    for (const struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        if (entry->d_name[0] == '.')
            continue;
        count++;
        (void)snprintf(path, path_room, "%s/%.256s", folder, entry->d_name);
    }
    (void)closedir(directory);
    assert_int_equal(count, 1);
}

static void assert_arrived(const char *expected, size_t size)
{
    enum {
        head_max = 4096
    };
    char path[path_room];
    path_of_new(path);
    char *got = malloc(size + head_max);
    FILE *file = fopen(path, "r");
    assert_non_null(got);
    assert_non_null(file);
    const size_t n = fread(got, 1, size + head_max, file);
    (void)fclose(file);
    assert_int_equal(unlink(path), 0);
    assert_true(n > size && n < size + head_max);
    assert_memory_equal(got + n - size, expected, size);
    /* What is before it is the sink's own. */
    got[n - size] = '\0';
    assert_non_null(strstr(got, "Received: from"));
    free(got);
}

/* ---- Sending --------------------------------------------------------------------------------- */

static ph_server *new_server(const struct row *row, int port)
{
    ph_server *server;
    assert_int_equal(ph_server_new("127.0.0.1", port, NULL, &server), PH_OK);
    assert_int_equal(ph_server_set_tls_mode(server, PH_TLS_STARTTLS_ALWAYS), PH_OK);
    assert_int_equal(ph_server_set_features(server, PH_FEATURE_CHUNKING, row->chunking), PH_OK);
    ph_tls_config *tls = ph_server_tls_config(server);
    assert_int_equal(ph_tls_config_set_ca_file(tls, arguments[1]), PH_OK);
    ph_tls_config_set_kernel_tls(tls, row->kernel);
    return server;
}

static ph_message *new_message(const struct row *row, const char *bytes, FILE *file)
{
    ph_message *message;
    assert_int_equal(ph_message_new(NULL, &message), PH_OK);
    assert_int_equal(ph_message_set_from(message, "a@client.test"), PH_OK);
    assert_int_equal(ph_message_add_recipient(message, "b@example.test"), PH_OK);
    if (row->is_vouched)
        assert_int_equal(ph_message_set_line_ends(message, PH_LINE_ENDS_CRLF), PH_OK);
    assert_int_equal(row->is_file ? ph_message_set_content_fd(message, fileno(file))
                                  : ph_message_set_content(message, bytes, row->size),
                     PH_OK);
    return message;
}

static void check_session(const ph_connection *connection, const struct row *row,
                          const char *version)
{
    const ph_tls_info *tls = ph_connection_tls_info(connection);
    assert_non_null(tls);
    assert_string_equal(tls->version, version);
    assert_true(tls->by_kernel == row->kernel);
}

/* Sends a message by a connection of its own. */
static void send(const struct row *row, const char *version, int port, ph_message *message)
{
    ph_server *server = new_server(row, port);
    ph_connection *connection;
    ph_event event = {.type = PH_EVENT_READY};
    struct pollfd fds[PH_POLLFDS_MAX];
    size_t count;
    bool was_sent = false;
    assert_int_equal(ph_connection_new(server, ph_now_ms(), &connection), PH_OK);
    assert_int_equal(ph_connection_send(connection, message, NULL), PH_OK);
    while (event.type != PH_EVENT_CLOSED) {
        if (!ph_connection_next_event(connection, &event)) {
            ph_poll_once(&connection, 1, fds, &count);
        } else if (event.type == PH_EVENT_READY) {
            check_session(connection, row, version);
        } else if (event.type == PH_EVENT_MESSAGE_DONE) {
            was_sent = ph_result_outcome(event.result) == PH_OUTCOME_SENT;
            (void)ph_connection_quit(connection);
        }
    }
    const ph_error *error = ph_connection_error(connection);
    if (!was_sent)
        fail_msg("%s", error ? error->message : "closed");
    ph_connection_free(connection);
    ph_server_free(server);
}

static void try_row(const struct row *row, const char *version, int port)
{
    char *bytes = malloc(row->size);
    FILE *file = tmpfile();
    assert_non_null(bytes);
    assert_non_null(file);
    memcpy(bytes, content, row->size);
    end_content(bytes, row->size);
    assert_int_equal(fwrite(bytes, 1, row->size, file), row->size);
    rewind(file);
    ph_message *message = new_message(row, bytes, file);
    const long before = kernel_sessions();
    send(row, version, port, message);
    assert_int_equal(kernel_sessions() - before, row->kernel ? 1 : 0);
    assert_arrived(bytes, row->size);
    ph_message_free(message);
    (void)fclose(file);
    free(bytes);
}

static void mail__arrives_as_it_was_sent(void **state)
{
    (void)state;
    static const size_t sizes[] = {small, large};
    fill_content();
    for (char **argument = arguments + 3; *argument; argument += 2)
        for (unsigned i = 0; i < 32; i++) {
            const struct row row = {.size = sizes[i & 1],
                                    .chunking = (i & 2) != 0,
                                    .is_file = (i & 4) != 0,
                                    .is_vouched = (i & 8) != 0,
                                    .kernel = (i & 16) == 0};
            print_message("%s: %zu bytes, %s, from %s, line ends %s, by %s\n", argument[0],
                          row.size, row.chunking ? "BDAT" : "DATA", row.is_file ? "file" : "memory",
                          row.is_vouched ? "vouched for" : "looked for",
                          row.kernel ? "the kernel" : "OpenSSL");
            try_row(&row, argument[0], (int)strtol(argument[1], NULL, 10));
        }
}

int main(int argc, char **argv)
{
    if (argc < 5 || argc % 2 == 0) {
        (void)fprintf(stderr, "usage: mail_test CAFILE MAILDIR VERSION PORT [VERSION PORT...]\n");
        return 64;
    }
    arguments = argv;
    const struct CMUnitTest tests[] = {cmocka_unit_test(mail__arrives_as_it_was_sent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
