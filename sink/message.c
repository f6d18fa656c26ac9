/* SPDX-License-Identifier: MIT */
/* A message as it comes in, and where it goes. */
#include "sink/message.h"

#include <stdio.h>
#include <string.h>

#include "sink/maildir.h"

enum {
    memory_kept = 256 * 1024 /* by a client, for the next message */
};

void sink_message_clear(struct message *message)
{
    message->from.length = 0;
    message->recipients.length = 0;
    message->recipient_count = 0;
    message->envelope.length = 0;
    message->is_utf8 = false;
    message->content.length = 0;
    message->content_length = 0;
    if (message->content.capacity > memory_kept)
        sink_bytes_free(&message->content);
}

void sink_message_free(struct message *message)
{
    sink_bytes_free(&message->from);
    sink_bytes_free(&message->recipients);
    sink_bytes_free(&message->envelope);
    sink_bytes_free(&message->content);
}

static void note_path(struct message *message, const char *prefix, const char *mailbox,
                      const char *parameters)
{
    struct bytes *envelope = &message->envelope;
    sink_bytes_append_text(envelope, prefix);
    sink_bytes_append_text(envelope, mailbox);
    sink_bytes_append_text(envelope, *parameters == '\0' ? ">" : "> ");
    sink_bytes_append_text(envelope, parameters);
}

void sink_message_set_sender(struct message *message, const char *mailbox, const char *parameters)
{
    sink_bytes_append(&message->from, mailbox, strlen(mailbox) + 1);
    note_path(message, "FROM:<", mailbox, parameters);
}

void sink_message_add_recipient(struct message *message, const char *mailbox,
                                const char *parameters)
{
    sink_bytes_append(&message->recipients, mailbox, strlen(mailbox) + 1);
    message->recipient_count++;
    note_path(message, "; TO:<", mailbox, parameters);
}

bool sink_message_is_kept(const struct ph_sink_options *options)
{
    return options->maildir || options->print;
}

/* ---- Printing -------------------------------------------------------------------------------- */

/* So that no message can write to a terminal what the terminal would obey. */
static void print_byte(unsigned char c, FILE *out)
{
    if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
        (void)fprintf(out, "\\x%02x", c);
    else
        (void)fputc(c, out);
}

/* Lines end in CRLF or LF; whatever else there is of CR is shown. */
static void print_content(const struct bytes *content, FILE *out)
{
    const char *data = content->data;
    const size_t n = content->length;
    for (size_t i = 0; i < n; i++) {
        if (data[i] != '\r' || i + 1 == n || data[i + 1] != '\n')
            print_byte((unsigned char)data[i], out);
    }
    if (n > 0 && data[n - 1] != '\n')
        (void)fputs("\n(no line end)\n", out);
}

static void print(const struct message *message, const struct client_facts *facts, FILE *out)
{
    (void)fprintf(out, "---- message of %zu bytes by %s%s%s%s%s ----\n", message->content_length,
                  facts->helo, facts->tls ? ", " : "", facts->tls ? facts->tls : "",
                  facts->user ? ", logged in as " : "", facts->user ? facts->user : "");
    (void)fprintf(out, "%.*s\n", (int)message->envelope.length, message->envelope.data);
    (void)fputs("----\n", out);
    print_content(&message->content, out);
    (void)fputs("---- end ----\n", out);
    (void)fflush(out);
}

static void note(const struct message *message, FILE *out)
{
    (void)fprintf(out, "message from <%s> to %zu, %zu bytes\n", message->from.data,
                  message->recipient_count, message->content_length);
    (void)fflush(out);
}

bool sink_message_deliver(const struct message *message, const struct client_facts *facts,
                          const struct common *common)
{
    const struct ph_sink_options *options = common->options;
    if (options->maildir && !sink_maildir_keep(options->maildir, message, facts, common->err))
        return false;
    common->totals->messages++;
    common->totals->recipients += message->recipient_count;
    common->totals->bytes += message->content_length;
    if (options->print)
        print(message, facts, common->out);
    else if (!options->quiet)
        note(message, common->out);
    return true;
}
