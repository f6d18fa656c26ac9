/* SPDX-License-Identifier: MIT */
/*
 * What a session consists of, for the files that make it up: session.c (state, queue, events),
 * session_output.c, session_content.c and session_input.c (bytes), commands.c (the table),
 * session_start.c, session_auth.c, transaction.c, transaction_replies.c, transaction_end.c,
 * refusal.c (what handlers do). Nobody else includes this.
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
    PH__CMD_BDAT,    /* a chunk of the content (RFC 3030) */
    PH__CMD_CLEAR,   /* RSET ahead of a MAIL that leaves before it is known how a BDAT fared */
    PH__CMD_RESET,   /* RSET that clears away a failed transaction */
    PH__CMD_SINGLE_MAIL,
    PH__CMD_SINGLE_RCPT,
    PH__CMD_SINGLE, /* the first of enum ph__single, whose others follow */
};

struct ph__command {
    uint64_t end;       /* where in the stream its last byte stands, once it was built */
    uint32_t recipient; /* RCPT: which one */
    uint16_t slot;      /* of what belongs to a transaction */
    uint8_t kind;       /* enum ph__command_kind, or PH__CMD_SINGLE + enum ph__single */
    bool is_last : 1;   /* BDAT: LAST */
    /* It left while others were in flight, some of which belong to another transaction. */
    bool is_pipelined : 1;
    bool is_overlapped : 1;
};

/* What is sent of it is a message's content, and not a line. */
static inline bool ph__command_is_content(const struct ph__command *command)
{
    return command->kind == PH__CMD_CONTENT || command->kind == PH__CMD_BDAT;
}

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

enum {
    /* How many commands may be in flight. A bound, so that neither side's buffers can fill up with
     * commands and replies that nobody reads (RFC 2920 section 3.1), whatever the recipients. */
    ph__queue_size_min = 4, /* a message to one recipient, and a place that stays free */
    ph__queue_size_max = 128,
    ph__queue_size_per_transaction = 4, /* more of a window */
    ph__pending_size_min = 2,           /* content that is lent, and its end */
    ph__pending_size_max = 64,
    ph__pending_bytes_max = 256 * 1024, /* so that one turn ends, and caches hold what was seen */
    ph__transactions_min = 2, /* the one under way, and the next, whose envelope goes along */
    /* Slices shorter than this are gathered, since a slice costs more than copying it. */
    ph__gather_below = 512,
    ph__staging_max = 64 * 1024,
    ph__staging_enough = 48 * 1024, /* room is left for one more command line */
    ph__input_max = 256 * 1024
};

struct ph__content {
    struct ph__content_encoder encoder;
    struct ph__slice chunk; /* what is left of what the caller lent */
    uint64_t pended;        /* bytes, as they are sent */
    uint64_t in_flight;     /* of them, as the session counts them */
    size_t bdat_rest;       /* of the chunk: what belongs to the BDAT whose line was built */
    bool bdat_is_begun;     /* its line was built */
    bool was_begun;         /* some of it was lent */
    bool is_file;           /* what was lent is not here: bytes of a file */
    bool is_last_chunk;
    bool is_promised;     /* the BDAT is filled with whatever comes, up to the length it told */
    bool owes_lf;         /* the BDAT before ended within a line end that was put in */
    bool end_was_written; /* from here on a lost reply leaves the outcome unknown */
};

struct ph__transaction {
    const struct ph__envelope *envelope; /* NULL: DATA alone */
    ph_result *result;
    void *tag;
    uint32_t next_recipient; /* to be queued */
    uint32_t answered_count; /* recipients */
    uint32_t queued_count;   /* commands in the queue, sent or not */
    struct ph__declared {
        bool body; /* the envelope's type */
        bool smtputf8;
    } declares; /* with MAIL */
    bool is_repeatable;
    bool uses_bdat;
    bool mail_is_queued;
    bool data_is_queued;   /* DATA, or a BDAT that was not built yet */
    bool end_is_queued;    /* what ends the content stands in the queue: another may follow */
    bool needs_reset;      /* the server has begun a transaction: a failure needs RSET */
    bool has_recipients;   /* it took a recipient: the end of data would deliver something */
    bool has_failed;       /* its result's error says how */
    bool is_resetting;     /* RSET is all that is left to be answered: another may follow */
    bool sends_no_content; /* 354 though nobody is left: only the dot is sent */
    bool must_restart;     /* refused for what came before it: it is sent anew */
    bool has_restarted;
    bool is_ended; /* its event has not been taken yet */
    struct ph__content content;
};

/* A slice that waits to be written. */
struct ph__pending {
    const uint8_t *bytes; /* lent; NULL: of the staging buffer, which may move, or of a file */
    size_t length;
    uint32_t offset; /* in the staging buffer */
    uint16_t slot;   /* of the transaction whose content it is */
    bool is_content; /* not of a command line */
    bool is_file;
};

struct ph__exchange {
    const ph_mechanism *mechanism; /* NULL: it has not begun */
    void *state;
    ph_mechanism_response response;
    int failure; /* the mechanism's own status, once it has failed */
    char name[24];
};

/* What is known for the time until the session is ready. */
struct ph__opening {
    ph_starttls starttls;
    unsigned avoids;
    bool esmtp;
    bool is_local;
    bool fell_back; /* from EHLO to HELO */
    char helo[];
};

struct ph__session {
    const struct ph__session_config *config;
    enum ph__session_state state;
    bool has_operation;
    bool has_reply;     /* to the operation under way, or the last */
    bool raw_is_secret; /* a caller runs AUTH by raw lines: the next one is a response */
    bool is_dismissed;  /* 421 answered a transaction: nothing is sent any more */

    struct ph__command *queue; /* a ring of a power of 2 */
    uint32_t queue_size;
    uint32_t queue_head;
    uint32_t queue_count;
    uint32_t built_count; /* so many from the head were built */
    uint32_t in_flight;   /* so many of them were written whole and await their replies */

    uint32_t input_used;     /* of the input */
    struct ph__buffer input; /* what was received behind an event that was not taken yet */
    struct ph__reply_parser parser;
    struct ph__reply_buffer reply; /* the one that is coming in, or came last */

    struct ph__buffer staging; /* command lines, and short pieces of content, joined */
    struct ph__pending *pending;
    uint16_t pending_size;
    uint16_t pending_count;
    uint16_t pending_first;
    uint32_t reply_count;
    uint32_t window;  /* so many are in flight to a relay known as good; 0 or 1: off */
    uint64_t pended;  /* bytes, ever */
    uint64_t written; /* bytes, ever */

    enum ph__event_type event; /* to be taken; NONE: there is none, but for transactions' ends */
    int event_status;

    struct ph__opening *opening;   /* NULL: it has not begun, or the session is ready */
    ph_capabilities *capabilities; /* NULL: none are known yet */
    unsigned features;             /* of enum ph_feature: what is used */
    bool is_secure;
    bool bdat_failed;       /* the server may hold on to a transaction that nobody else knows of */
    bool broke_for_message; /* the error concerns one message alone */
    bool refuses_chunking;  /* it offered CHUNKING, and does not know BDAT */

    char *argument;           /* of a single command */
    const ph_address *single; /* of a single MAIL or RCPT */

    struct ph__transaction *transactions; /* a ring; NULL until there is one */
    uint32_t transactions_size;
    uint32_t transactions_head;
    uint32_t transactions_count;
    uint32_t fed_count; /* so many of the first were queued to their end */
    uint64_t window_bytes;
    uint64_t bytes_in_flight;      /* of their content */
    struct ph__exchange *exchange; /* NULL: no AUTH under way */

    struct ph__error error;
    char *notice; /* NULL: nothing to note */
};

/* ---- session.c ------------------------------------------------------------------------------ */

/* The one place where the state changes. */
void ph__session_enter(struct ph__session *session, enum ph__session_state state);

/* Queues a command behind the others. The queue always has room for what handlers queue. */
void ph__session_queue(struct ph__session *session, unsigned kind);
void ph__session_append(struct ph__session *session, struct ph__command command);

/* @return so many commands may be queued; without memory for a larger queue they wait */
bool ph__session_has_room_to_queue(struct ph__session *session, size_t n);

/* The command at a place of the queue; the one that is answered next, taken out of it. */
struct ph__command *ph__session_queue_at(const struct ph__session *session, size_t index);
struct ph__command ph__session_pop(struct ph__session *session);

/* The command that is built next, if it may be now; NULL otherwise. In session_output.c. */
struct ph__command *ph__session_next_to_build(const struct ph__session *session);

/* Content is what is written now: its end has not left yet. */
bool ph__session_is_sending_content(const struct ph__session *session);

void ph__session_take_event(struct ph__session *session, struct ph__event *event);
bool ph__session_has_event(const struct ph__session *session);
void ph__session_emit(struct ph__session *session, enum ph__event_type type, int status);

/* Begins an operation: PH_OK, or why it may not begin, recorded in session->error. */
int ph__session_take_operation(struct ph__session *session, enum ph__session_state needed);

/* Ends the operation under way with an event. */
void ph__session_end_operation(struct ph__session *session, enum ph__event_type type, int status);

/* Breaks the session for good; session->error has been set. */
void ph__session_break(struct ph__session *session);

/* The same because of one message: it failed for that reason, the others lost their connection. */
void ph__session_break_for(struct ph__session *session, const struct ph__transaction *culprit);
void ph__session_fail_without_memory(struct ph__session *session);

/* What the server said since the last operation answers nothing that was asked, and must not be
 * taken for the answer to what is asked next: it breaks the session. In session_input.c. */
void ph__session_refuse_leftovers(struct ph__session *session);

/* Breaks a session that was dismissed, once no more replies are awaited. In session_input.c. */
void ph__session_end_dismissed(struct ph__session *session);

void ph__session_trace(const struct ph__session *session, ph_trace_kind kind, const char *format,
                       ...) PH_PRINTF(3, 4);

/* ---- refusal.c ------------------------------------------------------------------------------ */

/* Records that the server refused a command. @return the class of the reply */
int ph__session_refused(struct ph__session *session, const struct ph__command *command,
                        const ph_reply *reply);

/* ---- session_start.c, session_auth.c, transaction.c: handlers that others need --------------- */

void ph__session_queue_hello(struct ph__session *session);
void ph__exchange_release(struct ph__session *session);

/* ---- session_output.c: what content is made of ------------------------------------------------
 */

/* Puts a slice behind the others; a short one is copied behind its neighbour.
 * @param owner  whose content it is; NULL: it is of a command line
 * @return PH_OK or PH_ERR_NO_MEMORY */
int ph__session_pend(struct ph__session *session, struct ph__slice slice,
                     const struct ph__transaction *owner);
int ph__session_pend_file(struct ph__session *session, size_t n,
                          const struct ph__transaction *owner);
bool ph__session_has_room_to_pend(struct ph__session *session);

/* ---- session_content.c ------------------------------------------------------------------------
 */

/* Pends content of the command that is built now, as much as there is room for.
 * @param is_whole  receives whether the command is built to its end */
int ph__build_content(struct ph__session *session, struct ph__command *command, bool *is_whole);

/* ---- transaction.c ----------------------------------------------------------------------------
 */

struct ph__transaction *ph__transaction_at(const struct ph__session *session, size_t index);
struct ph__transaction *ph__transaction_of(const struct ph__session *session,
                                           const struct ph__command *command);

bool ph__transaction_owns(const struct ph__command *command);

/* A command of a transaction was answered, and is in the queue no more. */
void ph__transaction_popped(struct ph__session *session, const struct ph__command *command);

/* Queues what the transactions may send next. */
void ph__transactions_feed(struct ph__session *session);

/* Queues a command of a transaction. */
void ph__transaction_queue(struct ph__session *session, struct ph__transaction *transaction,
                           unsigned kind, size_t recipient);

/* The first transaction has ended, and its event was taken. */
void ph__transactions_forget_first(struct ph__session *session);

/* Takes back what was queued and not built, so that it can be queued again. */
void ph__transactions_drop_unbuilt(struct ph__session *session);

/* ---- transaction_end.c ------------------------------------------------------------------------
 */

/* The transaction has failed, and its result holds the error. @p is_final: the server takes no
 * RSET any more. */
void ph__transaction_fail(struct ph__session *session, struct ph__transaction *transaction,
                          bool is_final);

/* Ends the transaction if it has failed and every reply has come. */
void ph__transaction_settle(struct ph__session *session, struct ph__transaction *transaction);
void ph__transaction_done(struct ph__transaction *transaction);

/* Hands out the event of the message that ended first. */
bool ph__transactions_take_ended(struct ph__session *session, struct ph__event *event);

/* The session broke, because of one message or (NULL) of something that concerns all: settles what
 * became of them. */
void ph__transactions_broken(struct ph__session *session, const struct ph__transaction *culprit);

int ph__build_mail(struct ph__session *, const struct ph__command *, struct ph__buffer *);
int ph__build_rcpt(struct ph__session *, const struct ph__command *, struct ph__buffer *);
int ph__build_auth(struct ph__session *, const struct ph__command *, struct ph__buffer *);
int ph__build_auth_response(struct ph__session *, const struct ph__command *, struct ph__buffer *);

typedef void ph__answered_fn(struct ph__session *, const struct ph__command *, const ph_reply *);
ph__answered_fn ph__answered_greeting, ph__answered_ehlo, ph__answered_helo, ph__answered_starttls;
ph__answered_fn ph__answered_auth, ph__answered_auth_cancel;
ph__answered_fn ph__answered_clear, ph__answered_mail, ph__answered_rcpt, ph__answered_data,
    ph__answered_content, ph__answered_bdat, ph__answered_reset;

#endif
