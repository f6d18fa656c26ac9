/* SPDX-License-Identifier: MIT */
/* Sends many messages over two connections of one poll.   send_with_poll SERVER PORT FROM TO COUNT
 */
#include <posthaste/adapters/poll.h>
#include <posthaste/posthaste.h>

#include <stdio.h>
#include <stdlib.h>

static const char text[] = "Subject: one of many\n\nSent by poll.\n";

/* What the two connections share. */
struct work {
    ph_message *message;
    int left; /* to be sent */
    int sent;
};

struct session {
    ph_connection *connection;
    struct work *work;
};

/* Gives a connection as many messages as it takes, and at last the word to go. */
static void feed(struct session *session)
{
    struct work *work = session->work;
    while (work->left > 0 && ph_connection_send(session->connection, work->message, NULL) == PH_OK)
        work->left--;
    if (work->left == 0)
        (void)ph_connection_quit(session->connection);
}

static void handle(ph_connection *connection, const ph_event *event, void *user_data)
{
    struct session *session = user_data;
    if (event->status != PH_OK)
        (void)fprintf(stderr, "%s\n", ph_connection_error(connection)->message);
    if (event->type == PH_EVENT_MESSAGE_DONE)
        session->work->sent += event->status == PH_OK;
    if (event->type != PH_EVENT_CLOSED) {
        feed(session);
        return;
    }
    ph_connection_free(connection);
    session->connection = NULL;
}

static int make_message(const char *from, const char *to, ph_message **message)
{
    int status = ph_message_new(NULL, message);
    if (status == PH_OK)
        status = ph_message_set_from(*message, from);
    if (status == PH_OK)
        status = ph_message_add_recipient(*message, to);
    if (status == PH_OK)
        status = ph_message_set_content(*message, text, sizeof text - 1);
    return status;
}

static int open_session(struct session *session, ph_server *server)
{
    const int status = ph_connection_new(server, ph_now_ms(), &session->connection);
    if (status != PH_OK)
        return status;
    ph_connection_set_handler(session->connection, handle, session);
    return PH_OK;
}

static void run(struct session *sessions)
{
    struct pollfd fds[2 * PH_POLLFDS_MAX];
    size_t counts[2];
    while (sessions[0].connection || sessions[1].connection) {
        ph_connection *connections[] = {sessions[0].connection, sessions[1].connection};
        ph_poll_once(connections, 2, fds, counts);
    }
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        (void)fprintf(stderr, "usage: %s SERVER PORT FROM TO COUNT\n", argv[0]);
        return 64;
    }
    const int count = (int)strtol(argv[5], NULL, 10);
    struct work work = {.left = count};
    struct session sessions[2] = {{.work = &work}, {.work = &work}};
    ph_server *server = NULL;
    int status = ph_server_new(argv[1], (int)strtol(argv[2], NULL, 10), NULL, &server);
    if (status == PH_OK)
        status = make_message(argv[3], argv[4], &work.message);
    for (size_t i = 0; i < 2 && status == PH_OK; i++)
        status = open_session(&sessions[i], server);
    if (status == PH_OK)
        run(sessions);
    else
        (void)fprintf(stderr, "%s\n", ph_status_text(status));
    printf("%d of %d sent\n", work.sent, count);
    ph_message_free(work.message);
    ph_server_free(server);
    return work.sent == count ? 0 : 1;
}
