/* SPDX-License-Identifier: MIT */
/* A message as it comes in, and where it goes. */
#include "sink/message.h"

#include <stdio.h>
#include <string.h>

#include "sink/maildir.h"

void sink_message_clear(struct message *message)
{
    message->from.length = 0;
    message->recipients.length = 0;
    message->recipient_count = 0;
    message->envelope.length = 0;
    message->is_utf8 = false;
    sink_spool_clear(&message->content);
    message->content_length = 0;
}

void sink_message_free(struct message *message)
{
    sink_bytes_free(&message->from);
    sink_bytes_free(&message->recipients);
    sink_bytes_free(&message->envelope);
    sink_spool_free(&message->content);
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

struct printer {
    FILE *out;
    char last; /* "\n" before the first; a CR is printed when it is known what follows */
};

/* Lines end in CRLF or LF; whatever else there is of CR is shown. */
static bool print_part(const char *data, size_t n, void *user_data)
{
    struct printer *printer = user_data;
    for (size_t i = 0; i < n; i++) {
        if (printer->last == '\r' && data[i] != '\n')
            print_byte('\r', printer->out);
        if (data[i] != '\r')
            print_byte((unsigned char)data[i], printer->out);
        printer->last = data[i];
    }
    return true;
}

static void print_content(struct spool *content, FILE *out)
{
    struct printer printer = {.out = out, .last = '\n'};
    const bool is_all = sink_spool_each(content, print_part, &printer);
    if (printer.last == '\r')
        print_byte('\r', out);
    if (printer.last != '\n')
        (void)fputs("\n(no line end)\n", out);
    if (!is_all)
        (void)fputs("(the rest is lost: its temporary file cannot be written or read)\n", out);
}

static void print(struct message *message, const struct client_facts *facts, FILE *out)
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

bool sink_message_deliver(struct message *message, const struct client_facts *facts,
                          const struct common *common)
{
    const struct ph_sink_options *options = common->options;
    if (message->content.has_failed) {
        (void)fputs(
            "posthaste sink: a large message was refused: its temporary file cannot be made "
            "or written; is the disk full?\n",
            common->err);
        return false;
    }
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
