/* SPDX-License-Identifier: MIT */
/* Sends many messages over one connection in a GLib main loop.   send_with_glib SERVER PORT FROM TO
 * COUNT */
#include <posthaste/adapters/glib.h>
#include <posthaste/posthaste.h>

#include <stdio.h>
#include <stdlib.h>

static const char text[] = "Subject: one of many\n\nSent by GLib.\n";

struct work {
    ph_message *message;
    ph_glib *glib;
    int left; /* to be added */
    int sent;
};

/* Adds as many messages as the connection takes, and at last the word to go. */
static void feed(ph_connection *connection, struct work *work)
{
    while (work->left > 0 && ph_connection_send(connection, work->message, NULL) == PH_OK)
        work->left--;
    if (work->left == 0)
        (void)ph_connection_quit(connection);
}

static void handle(ph_connection *connection, const ph_event *event, void *user_data)
{
    struct work *work = user_data;
    if (event->status != PH_OK)
        (void)fprintf(stderr, "%s\n", ph_connection_error(connection)->message);
    if (event->type == PH_EVENT_MESSAGE_DONE)
        work->sent += event->status == PH_OK;
    if (event->type != PH_EVENT_CLOSED) {
        feed(connection, work);
        return;
    }
    ph_glib_detach(work->glib);
    ph_connection_free(connection);
    work->glib = NULL;
}

static int begin(struct work *work, char **arguments, ph_connection **connection)
{
    ph_server *server = NULL;
    int status = ph_server_new(arguments[1], (int)strtol(arguments[2], NULL, 10), NULL, &server);
    if (status == PH_OK)
        status = ph_message_new(NULL, &work->message);
    if (status == PH_OK)
        status = ph_message_set_from(work->message, arguments[3]);
    if (status == PH_OK)
        status = ph_message_add_recipient(work->message, arguments[4]);
    if (status == PH_OK)
        status = ph_message_set_content(work->message, text, sizeof text - 1);
    if (status == PH_OK)
        status = ph_connection_new(server, ph_now_ms(), connection);
    if (status == PH_OK)
        ph_connection_set_handler(*connection, handle, work);
    ph_server_free(server); /* the connection keeps it */
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        (void)fprintf(stderr, "usage: %s SERVER PORT FROM TO COUNT\n", argv[0]);
        return 64;
    }
    const int count = (int)strtol(argv[5], NULL, 10);
    struct work work = {.left = count};
    ph_connection *connection = NULL;
    const int status = begin(&work, argv, &connection);
    if (status == PH_OK) {
        work.glib = ph_glib_attach(NULL, connection);
        while (work.glib)
            (void)g_main_context_iteration(NULL, TRUE);
    } else {
        (void)fprintf(stderr, "%s\n", ph_status_text(status));
    }
    printf("%d of %d sent\n", work.sent, count);
    ph_message_free(work.message);
    return work.sent == count ? 0 : 1;
}
