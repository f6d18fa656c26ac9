/* SPDX-License-Identifier: MIT */
/* Sends a message COUNT times, in a GLib main loop.   send_with_glib SERVER PORT FROM TO COUNT */
#include <posthaste/adapters/glib.h>
#include <posthaste/posthaste.h>
#include <stdio.h>
#include <stdlib.h>

struct job {
    GMainLoop *loop;
    ph_message *message;
    int left, failures;
};

/* Adds as many messages as the connection takes, and then, or if that fails, has it end. */
static void handle(ph_connection *connection, const ph_event *event, void *user_data)
{
    struct job *job = user_data;
    job->failures += event->status != PH_OK;
    if (event->status != PH_OK)
        (void)fprintf(stderr, "%s\n", ph_connection_error(connection)->message);
    while (job->left > 0 && ph_connection_send(connection, job->message, NULL) == PH_OK)
        job->left--;
    if (job->left == 0 || ph_connection_room(connection) > 0)
        (void)ph_connection_quit(connection);
    if (event->type == PH_EVENT_CLOSED)
        g_main_loop_quit(job->loop);
}

int main(int argc, char **argv)
{
    static const char text[] = "Subject: one of many\n\nSent by GLib.\n";
    if (argc != 6) {
        (void)fprintf(stderr, "usage: %s SERVER PORT FROM TO COUNT\n", argv[0]);
        return 64;
    }
    struct job job = {.left = (int)strtol(argv[5], NULL, 10)};
    ph_server *server = NULL;
    ph_connection *connection = NULL;
    int status = ph_server_new(argv[1], (int)strtol(argv[2], NULL, 10), NULL, &server);
    if (status == PH_OK && (status = ph_message_new(NULL, &job.message)) == PH_OK &&
        (status = ph_message_set_from(job.message, argv[3])) == PH_OK &&
        (status = ph_message_add_recipient(job.message, argv[4])) == PH_OK &&
        (status = ph_message_set_content(job.message, text, sizeof text - 1)) == PH_OK &&
        (status = ph_connection_new(server, ph_now_ms(), &connection)) == PH_OK) {
        ph_connection_set_handler(connection, handle, &job);
        job.loop = g_main_loop_new(NULL, FALSE);
        ph_glib *glib = ph_glib_attach(NULL, connection);
        g_main_loop_run(job.loop);
        ph_glib_detach(glib);
        g_main_loop_unref(job.loop);
    }
    if (status != PH_OK)
        (void)fprintf(stderr, "%s\n", ph_status_text(status));
    ph_connection_free(connection);
    ph_message_free(job.message);
    ph_server_free(server);
    return status == PH_OK && job.left == 0 && job.failures == 0 ? 0 : 1;
}
