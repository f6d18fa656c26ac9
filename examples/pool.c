/* SPDX-License-Identifier: MIT */
/* Sends a hundred messages by a pool, which opens connections, tries again, and tells of each. */
#include <posthaste/posthaste.h>

#include <stdio.h>
#include <stdlib.h>

static const int messages = 100;

static void done(ph_pool *pool, const ph_delivery *delivery, void *user_data)
{
    int *sent = user_data;
    (void)pool;
    if (delivery->status == PH_OK)
        ++*sent;
    else
        fprintf(stderr, "%s, after %u attempts: %s\n", ph_outcome_name(delivery->outcome),
                (unsigned)delivery->attempts, delivery->error ? delivery->error->message : "");
    ph_message_free(delivery->message);
}

static int add(ph_pool *pool, ph_server *server, int *sent)
{
    static const char text[] = "Subject: Hello\n\nFrom a pool.\n";
    const ph_pool_options options = {.done = done, .user_data = sent};
    ph_message *message;
    int status = ph_message_new(NULL, &message);
    if (status != PH_OK)
        return status;
    if ((status = ph_message_set_from(message, "alice@example.org")) != PH_OK ||
        (status = ph_message_add_recipient(message, "bob@example.net")) != PH_OK ||
        (status = ph_message_set_content(message, text, sizeof text - 1)) != PH_OK ||
        (status = ph_pool_add(pool, server, message, &options)) != PH_OK)
        ph_message_free(message);
    return status;
}

int main(int argc, char **argv)
{
    const char *host = argc > 1 ? argv[1] : "localhost";
    const int port = argc > 2 ? (int)strtol(argv[2], NULL, 10) : PH_PORT_SMTP;
    ph_pool *pool = NULL;
    ph_server *server = NULL;
    int sent = 0;
    int status = ph_pool_new(NULL, &pool);
    if (status == PH_OK)
        status = ph_server_new(host, port, NULL, &server);
    for (int i = 0; i < messages && status == PH_OK; i++)
        status = add(pool, server, &sent);
    if (status != PH_OK)
        fprintf(stderr, "%s\n", ph_status_text((ph_status)status));
    if (pool) {
        ph_pool_close(pool); /* no more will come: connections end with QUIT when all is sent */
        ph_pool_run(pool, -1);
    }
    printf("%d of %d messages sent\n", sent, messages);
    ph_pool_free(pool);
    ph_server_free(server);
    return sent == messages ? 0 : 1;
}
