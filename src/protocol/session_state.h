/* SPDX-License-Identifier: MIT */
/*
 * What a session consists of, for the files that make it up: session.c (state, queue, events),
 * session_output.c and session_input.c (bytes), commands.c (the table), session_start.c,
 * session_auth.c, transaction.c, refusal.c (what handlers do). Nobody else includes this.
 */
#ifndef PH_PROTOCOL_SESSION_STATE_H
#define PH_PROTOCOL_SESSION_STATE_H

#include "base/mechanism_response.h"
#include "protocol/capabilities.h"
#include "protocol/content_encoder.h"
#include "protocol/session.h"

enum ph__session_state {
    PH__STATE_NEW,
    PH__STATE_STARTING,
    PH__STATE_AWAITING_TLS,
    PH__STATE_OPEN,
    PH__STATE_BROKEN /* for good */
};

enum ph__command_kind {
    PH__CMD_GREETING, /* sends nothing; its "reply" is the greeting */
    PH__CMD_EHLO,
    PH__CMD_HELO,
    PH__CMD_STARTTLS,
    PH__CMD_AUTH,
    PH__CMD_AUTH_RESPONSE,
    PH__CMD_AUTH_CANCEL,
    PH__CMD_MAIL,
    PH__CMD_RCPT,
    PH__CMD_DATA,
    PH__CMD_CONTENT, /* the content and its end; the reply is the server's word on the message */
    PH__CMD_RESET,   /* RSET that clears away a failed transaction */
    PH__CMD_SINGLE_MAIL,
    PH__CMD_SINGLE_RCPT,
    PH__CMD_SINGLE, /* the first of enum ph__single, whose others follow */
};

struct ph__command {
    unsigned kind;      /* enum ph__command_kind, or PH__CMD_SINGLE + enum ph__single */
    uint32_t recipient; /* RCPT: which one */
};

/* One row a command. A new command is a new row. */
struct ph__command_row {
    const char *verb; /* NULL: the line, if there is one, is built otherwise */
    ph_phase phase;
    /* Nothing may be sent behind it before its reply (RFC 2920 section 3.1). */
    bool ends_group;
    /* Appends the line to be sent; NULL if none is (greeting, content). */
    int (*build)(struct ph__session *session, const struct ph__command *command,
                 struct ph__buffer *out);
    void (*answered)(struct ph__session *session, const struct ph__command *command,
                     const ph_reply *reply);
};

const struct ph__command_row *ph__command_row(const struct ph__command *command);

/* How many commands may be in flight. A bound, so that neither side's buffers can fill up with
 * commands and replies that nobody reads (RFC 2920 section 3.1), whatever the recipients. */
enum {
    ph__queue_size = 128,
    ph__pending_size = 16,
    ph__events_size = 4,
    /* Slices shorter than this are gathered, since a slice costs more than copying it. */
    ph__gather_below = 512,
    ph__gathered_size = 16 * 1024,
    ph__input_max = 256 * 1024
};

struct ph__transaction {
    const struct ph__envelope *envelope; /* NULL: DATA alone */
    ph_result *result;                   /* NULL: no transaction */
    struct ph__mail_declaration {
        const char *body;
        bool smtputf8;
    } declares;
    size_t next_recipient; /* to be queued */
    size_t answered_count; /* recipients */
    bool data_is_queued;   /* at the latest when all recipients have answered */
    bool needs_reset;      /* the server has begun a transaction: a failure needs RSET */
    bool has_recipients;   /* it took a recipient: the end of data would deliver something */
    bool has_failed;       /* session->error says how */
    bool sends_no_content; /* 354 though nobody is left: only the dot is sent */
};

struct ph__content {
    struct ph__content_encoder encoder;
    struct ph__slice chunk; /* what is left of what the caller lent */
    bool is_last_chunk;
    bool end_is_queued;
    bool end_was_written; /* from here on a lost reply leaves the outcome unknown */
};

struct ph__exchange {
    const ph_mechanism *mechanism; /* NULL: no AUTH under way */
    void *state;
    ph_mechanism_response response;
    int failure; /* the mechanism's own status, once it has failed */
    char *user;
    char name[24];
};

struct ph__session {
    ph_allocator own_allocator;
    const ph_allocator *allocator;
    const char *server;
    const struct ph__trace *trace;
    enum ph__session_state state;

    struct ph__command queue[ph__queue_size]; /* a ring */
    size_t queue_head;
    size_t queue_count;
    size_t in_flight; /* so many from the head were sent and await their replies */

    struct ph__buffer input;
    size_t input_used;
    struct ph__reply_parser parser;
    struct ph_reply reply; /* the one that is coming in, or came last */
    uint64_t reply_count;
    bool has_reply; /* to the operation under way, or the last */

    struct ph__buffer lines;    /* commands to be written */
    struct ph__buffer gathered; /* short pieces of content, joined; never moves once made */
    struct ph__slice pending[ph__pending_size];
    size_t pending_count;
    size_t pending_first;
    bool pending_is_content; /* and not lines, whose last may be answered before it has left */

    struct ph__event events[ph__events_size]; /* a ring */
    size_t events_head;
    size_t events_count;

    char *helo;
    bool esmtp;
    bool is_secure;
    bool is_local;
    bool fell_back; /* from EHLO to HELO */
    ph_starttls starttls;
    ph_capabilities *capabilities;
    bool has_pipelining;

    char *argument;           /* of a single command */
    const ph_address *single; /* of a single MAIL or RCPT */
    bool raw_is_secret;       /* a caller runs AUTH by raw lines: the next one is a response */
    bool has_operation;

    struct ph__transaction transaction;
    struct ph__content content;
    struct ph__exchange exchange;

    struct ph__error error;
    char notice[256];
};

/* ---- session.c ------------------------------------------------------------------------------ */

/* The one place where the state changes. */
void ph__session_enter(struct ph__session *session, enum ph__session_state state);

/* Queues a command behind the others. The queue always has room for what handlers queue. */
void ph__session_queue(struct ph__session *session, unsigned kind, size_t recipient);
size_t ph__session_queue_room(const struct ph__session *session);

/* Forgets what was queued and not sent. */
void ph__session_drop_unsent(struct ph__session *session);

/* The command at a place of the queue; the one that is answered next, taken out of it. */
struct ph__command *ph__session_queue_at(struct ph__session *session, size_t index);
struct ph__command ph__session_pop(struct ph__session *session);

/* Content is what is written now: its end has not left yet. */
bool ph__session_is_sending_content(const struct ph__session *session);

bool ph__session_take_event(struct ph__session *session, struct ph__event *event);
void ph__session_emit(struct ph__session *session, enum ph__event_type type, int status);

/* Begins an operation: PH_OK, or why it may not begin, recorded in session->error. */
int ph__session_take_operation(struct ph__session *session, enum ph__session_state needed);

/* Ends the operation under way with an event. */
void ph__session_end_operation(struct ph__session *session, enum ph__event_type type, int status);

/* Breaks the session for good; session->error has been set. */
void ph__session_break(struct ph__session *session);
void ph__session_fail_without_memory(struct ph__session *session);

/* What the server said since the last operation answers nothing that was asked, and must not be
 * taken for the answer to what is asked next: it breaks the session. In session_input.c. */
void ph__session_refuse_leftovers(struct ph__session *session);

void ph__session_trace(const struct ph__session *session, ph_trace_kind kind, const char *format,
                       ...) PH_PRINTF(3, 4);

/* ---- refusal.c ------------------------------------------------------------------------------ */

/* Records that the server refused a command. @return the class of the reply */
int ph__session_refused(struct ph__session *session, const struct ph__command *command,
                        const ph_reply *reply);

/* ---- session_start.c, session_auth.c, transaction.c: handlers that others need --------------- */

void ph__session_queue_hello(struct ph__session *session);
void ph__exchange_release(struct ph__session *session);

/* Queues what the transaction may send next. */
void ph__transaction_feed(struct ph__session *session);

/* The session broke: settles what became of the message. */
void ph__transaction_broken(struct ph__session *session);

int ph__build_mail(struct ph__session *, const struct ph__command *, struct ph__buffer *);
int ph__build_rcpt(struct ph__session *, const struct ph__command *, struct ph__buffer *);
int ph__build_auth(struct ph__session *, const struct ph__command *, struct ph__buffer *);
int ph__build_auth_response(struct ph__session *, const struct ph__command *, struct ph__buffer *);

typedef void ph__answered_fn(struct ph__session *, const struct ph__command *, const ph_reply *);
ph__answered_fn ph__answered_greeting, ph__answered_ehlo, ph__answered_helo, ph__answered_starttls;
ph__answered_fn ph__answered_auth, ph__answered_auth_cancel;
ph__answered_fn ph__answered_mail, ph__answered_rcpt, ph__answered_data, ph__answered_content,
    ph__answered_reset;

#endif
