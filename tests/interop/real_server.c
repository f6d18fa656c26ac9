/* SPDX-License-Identifier: MIT */
#include "real_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <posthaste/error.h>

#include "unit/base/test.h"

enum {
    command_max = 4096,
    seen_max = 4096
};

int server_port;

/* The command line: the server's script, where it was fetched to, where it runs. */
static const char *script, *cache, *folder;
static char features[command_max];

static char *seen[seen_max];
static size_t seen_count;

bool take_arguments(int argc, char **argv)
{
    if (argc != 5) {
        (void)fprintf(stderr, "usage: %s SCRIPT CACHE FOLDER PORT\n", argv[0]);
        return false;
    }
    script = argv[1];
    cache = argv[2];
    folder = argv[3];
    server_port = atoi(argv[4]);
    return true;
}

void trust_server(ph_tls_config *config)
{
    char ca[command_max];
    (void)snprintf(ca, sizeof ca, "%s/tls/ca.crt", cache);
    assert_int_equal(ph_tls_config_set_ca_file(config, ca), PH_OK);
}

/* ---- The server's script --------------------------------------------------------------------- */

/* Runs the script; @return all that it printed, to be freed */
static char *run(const char *arguments, size_t *length)
{
    char command[command_max];
    size_t room = 1 << 16;
    char *output = malloc(room);
    *length = 0;
    (void)snprintf(command, sizeof command, "'%s' %s", script, arguments);
    FILE *pipe = popen(command, "r");
    assert_non_null(output);
    assert_non_null(pipe);
    size_t n;
    while ((n = fread(output + *length, 1, room - *length - 1, pipe)) > 0) {
        *length += n;
        if (*length + 1 == room) {
            room *= 2;
            output = realloc(output, room);
            assert_non_null(output);
        }
    }
    output[*length] = '\0';
    const int status = pclose(pipe);
    if (status != 0)
        fail_msg("%s: exit status %d", command, status);
    return output;
}

static char *run_text(const char *format, ...) PH_PRINTF(1, 2);
static char *run_text(const char *format, ...)
{
    char arguments[command_max];
    size_t length;
    va_list list;
    va_start(list, format);
    (void)vsnprintf(arguments, sizeof arguments, format, list);
    va_end(list);
    return run(arguments, &length);
}

bool has(const char *feature)
{
    char line[64];
    (void)snprintf(line, sizeof line, "\n%s\n", feature);
    return strstr(features, line) != NULL;
}

int start_server(void **state)
{
    (void)state;
    char *words = run_text("features '%s'", cache);
    (void)snprintf(features, sizeof features, "\n%s", words);
    free(words);
    free(run_text("start '%s' '%s' %d", cache, folder, server_port));
    return 0;
}

int stop_server(void **state)
{
    (void)state;
    free(run_text("stop '%s' '%s'", cache, folder));
    for (size_t i = 0; i < seen_count; i++)
        free(seen[i]);
    return 0;
}

/* ---- What arrived ---------------------------------------------------------------------------- */

static bool is_seen(const char *path)
{
    for (size_t i = 0; i < seen_count; i++) {
        if (strcmp(seen[i], path) == 0)
            return true;
    }
    return false;
}

/* Waits for `count` messages that no test has seen, notes them, and gives their paths. */
void await_new(size_t count, char paths[][PATH_ROOM])
{
    char *list = run_text("messages '%s' %zu", folder, seen_count + count);
    size_t found = 0;
    for (char *line = strtok(list, "\n"); line; line = strtok(NULL, "\n")) {
        if (is_seen(line))
            continue;
        assert_true(found < count);
        (void)snprintf(paths[found++], PATH_ROOM, "%s", line);
    }
    assert_int_equal(found, count);
    for (size_t i = 0; i < found; i++) {
        assert_true(seen_count < seen_max);
        seen[seen_count] = strdup(paths[i]);
        assert_non_null(seen[seen_count++]);
    }
    free(list);
}

char *read_body(const char *path, size_t *length)
{
    char arguments[command_max];
    (void)snprintf(arguments, sizeof arguments, "body '%s' '%s'", folder, path);
    return run(arguments, length);
}

void assert_arrived(const char *expected, size_t n, size_t copies, const char *note)
{
    char paths[4][PATH_ROOM];
    await_new(copies, paths);
    for (size_t i = 0; i < copies; i++) {
        size_t length;
        char *body = read_body(paths[i], &length);
        if (length != n || memcmp(body, expected, n) != 0) {
            size_t at = 0;
            while (at < n && at < length && body[at] == expected[at])
                at++;
            fail_msg("%s: %s differs at byte %zu (%zu bytes arrived, %zu were sent)", note,
                     paths[i], at, length, n);
        }
        free(body);
    }
}

void assert_nothing_arrived(void)
{
    char *list = run_text("messages '%s'", folder);
    for (char *line = strtok(list, "\n"); line; line = strtok(NULL, "\n")) {
        if (!is_seen(line))
            fail_msg("%s arrived, and should not have", line);
    }
    free(list);
}
