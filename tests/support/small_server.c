/* SPDX-License-Identifier: MIT */
/* A server without a socket. */
#include "support/small_server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void say(struct small_server *server, const char *text)
{
    const size_t n = strlen(text);
    if (n > sizeof server->said - server->n_said)
        abort();
    memcpy(server->said + server->n_said, text, n);
    server->n_said += n;
}

void small_server_begin(struct small_server *server, const char *offers)
{
    *server = (struct small_server){.offers = offers};
    say(server, "220 mx\r\n");
}

static const char *usual_answer(const struct small_server *server, const char *line)
{
    static const char *const answers[][2] = {
        {"AUTH", "235 welcome\r\n"},  {"RCPT TO:<x", "550 5.1.1 nobody\r\n"},
        {"DATA", "354 go ahead\r\n"}, {".", "250 queued\r\n"},
        {"QUIT", "221 bye\r\n"},
    };
    if (strncmp(line, "EHLO", 4) == 0)
        return server->offers;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (strncmp(line, answers[i][0], strlen(answers[i][0])) == 0)
            return answers[i][1];
    }
    return "250 ok\r\n";
}

static const char *answer(struct small_server *server, const char *line)
{
    const char *said = server->answer ? server->answer(server, line) : NULL;
    if (!said)
        said = usual_answer(server, line);
    say(server, said);
    return said;
}

static void end_content(struct small_server *server)
{
    if (*answer(server, ".") == '2')
        server->taken++;
}

static void end_chunk(struct small_server *server)
{
    if (server->is_in_last_chunk)
        end_content(server);
    else
        (void)answer(server, "BDAT");
}

static void begin_chunk(struct small_server *server, const char *size)
{
    char *end;
    server->chunk_rest = strtoul(size, &end, 10);
    server->is_in_last_chunk = strcmp(end, " LAST") == 0;
    if (server->chunk_rest == 0)
        end_chunk(server);
}

static void take_line(struct small_server *server, const char *line)
{
    if (server->is_in_text) {
        if (strcmp(line, ".") != 0)
            return;
        server->is_in_text = false;
        end_content(server);
    } else if (strncmp(line, "BDAT ", 5) == 0) {
        begin_chunk(server, line + 5);
    } else {
        server->is_in_text = strncmp(answer(server, line), "354", 3) == 0;
    }
}

static void take_byte(struct small_server *server, char byte)
{
    if (server->chunk_rest > 0) {
        if (--server->chunk_rest == 0)
            end_chunk(server);
        return;
    }
    if (server->n_line + 1 == sizeof server->line)
        abort();
    server->line[server->n_line++] = byte;
    if (byte != '\n')
        return;
    server->line[server->n_line - 2] = '\0'; /* CRLF */
    server->n_line = 0;
    take_line(server, server->line);
}

void small_server_hear(struct small_server *server, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        take_byte(server, ((const char *)bytes)[i]);
}

bool small_server_serve(struct small_server *server, int fd)
{
    char heard[4096];
    bool is_active = server->n_said > 0;
    ssize_t n;
    while ((n = recv(fd, heard, sizeof heard, MSG_DONTWAIT)) > 0) {
        small_server_hear(server, heard, (size_t)n);
        is_active = true;
    }
    if (server->n_said > 0)
        (void)send(fd, server->said, server->n_said, MSG_NOSIGNAL);
    server->n_said = 0;
    return is_active;
}
