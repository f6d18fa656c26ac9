/* SPDX-License-Identifier: MIT */
/* The commands that the sink understands: a row a verb. Those of one line are here, too. */
#include <string.h>

#include "sink/session.h"
#include "sink/verbs.h"

enum {
    bad_commands_max = 50
};

static void do_rset(struct session *session, char *argument, struct bytes *output)
{
    (void)argument;
    sink_session_reset(session);
    sink_session_reply(session, output, "RSET", "250 2.0.0 ok");
}

static void do_noop(struct session *session, char *argument, struct bytes *output)
{
    (void)argument;
    sink_session_reply(session, output, "NOOP", "250 2.0.0 ok");
}

static void do_vrfy(struct session *session, char *argument, struct bytes *output)
{
    (void)argument;
    sink_session_reply(session, output, "VRFY", "252 2.5.2 send it and see");
}

static void do_expn(struct session *session, char *argument, struct bytes *output)
{
    (void)argument;
    sink_session_reply(session, output, "EXPN", "502 5.5.1 there are no lists here");
}

static void do_help(struct session *session, char *argument, struct bytes *output)
{
    (void)argument;
    sink_session_reply(
        session, output, "HELP",
        "214 2.0.0 a test server: it delivers nothing to anybody\n2.0.0 HELO EHLO STARTTLS AUTH "
        "MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT");
}

static void do_quit(struct session *session, char *argument, struct bytes *output)
{
    (void)argument;
    sink_session_reply(session, output, "QUIT", "221 2.0.0 bye");
    session->said_quit = true;
    session->next = SESSION_ENDS;
}

/* ---- The table ------------------------------------------------------------------------------- */

enum argument {
    ARGUMENT_NONE,
    ARGUMENT_ONE, /* word */
    ARGUMENT_SOME,
    ARGUMENT_ANY
};

/* clang-format off */
static const struct verb {
    const char *name;
    enum argument argument;
    void (*run)(struct session *session, char *argument, struct bytes *output);
    const char *syntax_problem;
} verbs[] = {
    { "MAIL",     ARGUMENT_SOME, sink_mail,     "501 5.5.4 syntax is MAIL FROM:<address>" },
    { "RCPT",     ARGUMENT_SOME, sink_rcpt,     "501 5.5.4 syntax is RCPT TO:<address>" },
    { "DATA",     ARGUMENT_NONE, sink_data,     "501 5.5.4 DATA takes no argument" },
    { "BDAT",     ARGUMENT_ANY,  sink_bdat,     NULL },
    { "EHLO",     ARGUMENT_ONE,  sink_ehlo,     "501 5.5.4 syntax is EHLO name" },
    { "HELO",     ARGUMENT_ONE,  sink_helo,     "501 5.5.4 syntax is HELO name" },
    { "STARTTLS", ARGUMENT_NONE, sink_starttls, "501 5.5.4 STARTTLS takes no argument" },
    { "AUTH",     ARGUMENT_SOME, sink_auth,     "501 5.5.4 syntax is AUTH mechanism [response]" },
    { "RSET",     ARGUMENT_NONE, do_rset,       "501 5.5.4 RSET takes no argument" },
    { "NOOP",     ARGUMENT_ANY,  do_noop,       NULL },
    { "VRFY",     ARGUMENT_SOME, do_vrfy,       "501 5.5.4 syntax is VRFY name" },
    { "EXPN",     ARGUMENT_ANY,  do_expn,       NULL },
    { "HELP",     ARGUMENT_ANY,  do_help,       NULL },
    { "QUIT",     ARGUMENT_NONE, do_quit,       "501 5.5.4 QUIT takes no argument" },
};
/* clang-format on */

static bool is_good(enum argument kind, const char *argument)
{
    switch (kind) {
    case ARGUMENT_NONE:
        return *argument == '\0';
    case ARGUMENT_ONE:
        return *argument != '\0' && !strchr(argument, ' ');
    case ARGUMENT_SOME:
        return *argument != '\0';
    case ARGUMENT_ANY:
        break;
    }
    return true;
}

/* @return the letter in upper case, NUL if it is none */
static char upper(char letter)
{
    if (letter >= 'a' && letter <= 'z')
        return (char)(letter - 'a' + 'A');
    return letter >= 'A' && letter <= 'Z' ? letter : '\0';
}

const char *sink_command_name(const char *line, char room[16])
{
    size_t n = 0;
    for (; n < 15 && upper(line[n]) != '\0'; n++)
        room[n] = upper(line[n]);
    room[n] = '\0';
    return room;
}

static const struct verb *find_verb(const char *line)
{
    char name[16];
    (void)sink_command_name(line, name);
    const size_t n = strlen(name);
    if (line[n] != '\0' && line[n] != ' ')
        return NULL;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }
    return NULL;
}

void sink_command_take(struct session *session, char *line, struct bytes *output)
{
    const struct verb *verb = find_verb(line);
    if (!verb) {
        sink_session_problem(session, output, "500 5.5.2 command not known");
        if (++session->bad_commands >= bad_commands_max)
            sink_session_problem(session, output, "421 4.7.0 too many unknown commands");
        return;
    }
    /* Blanks at a line's end are forgiven, as RFC 5321 section 4.1.1 asks. */
    for (size_t n = strlen(line); n > 0 && line[n - 1] == ' '; n--)
        line[n - 1] = '\0';
    char *argument = line + strlen(verb->name);
    argument += strspn(argument, " ");
    if (is_good(verb->argument, argument))
        verb->run(session, argument, output);
    else
        sink_session_problem(session, output, verb->syntax_problem);
}
