/* SPDX-License-Identifier: MIT */
/*
 * The SMTP session, sans I/O: it is fed bytes and asked for bytes, and never waits. No socket, no
 * clock, no TLS here: the same calls with the same bytes give the same bytes and events.
 *
 * How it is driven: submit an operation (start, command, authenticate, send, data), then repeat:
 * write what ph__session_output gives and say so with ph__session_wrote, give content when
 * ph__session_wants_content, feed what the server sends to ph__session_receive, and pull events
 * until there is none. One operation is under way at a time, but for messages: several may be, and
 * they end in the order in which they were submitted.
 */
#ifndef PH_PROTOCOL_SESSION_H
#define PH_PROTOCOL_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <posthaste/capabilities.h>
#include <posthaste/mechanism.h>
#include <posthaste/server.h>
#include <posthaste/smtp.h>
#include <posthaste/trace.h>

#include "base/error.h"
#include "base/slice.h"
#include "protocol/envelope.h"
#include "protocol/reply.h"
#include "protocol/result.h"

struct ph__session;

struct ph__trace {
    ph_trace_fn line; /* NULL: no trace */
    void *user_data;
    bool shows_secrets;
};

/* What is the same for all sessions with a server. */
struct ph__session_config {
    const ph_allocator *allocator;
    const char *server; /* its name, for sentences */
    struct ph__reply_limits reply_limits;
    ph_capabilities **last_capabilities; /* what it said to others (ph__capabilities_share); NULL:
                                            there are none */
    const struct ph__trace *trace;       /* may change meanwhile */
};

/** @return a new session, or NULL; @p config and what it points to must outlive it */
struct ph__session *ph__session_new(const struct ph__session_config *config);
void ph__session_free(struct ph__session *session);

/** Gives back the memory of what was said and heard so far, the last reply included; that is, if
 * nothing is under way. */
void ph__session_rest(struct ph__session *session);

/* ---- What is to be done -------------------------------------------------------------------- */

struct ph__session_start {
    const char *helo;
    bool esmtp;
    ph_starttls starttls; /* OFF if TLS is active from the first byte */
    bool is_secure;       /* TLS is active from the first byte */
    bool is_local;        /* nobody is on the way: nothing to note if there is no TLS */
    unsigned avoids;      /* of enum ph_feature: not used although the server offers it */
    uint32_t window;      /* transactions in flight to a relay known as good; 0 or 1: off */
    uint64_t window_bytes;
};

/** Greeting, EHLO or HELO, STARTTLS, EHLO. Ends in PH__EVENT_READY. @return PH_OK, PH_ERR_STATE,
 * PH_ERR_ARGUMENT */
int ph__session_begin(struct ph__session *session, const struct ph__session_start *start);

/** @return @p helo can be sent as it is: printable ASCII without blanks, at most 255 bytes */
bool ph__is_helo_name(const char *helo);

/** After PH__EVENT_START_TLS: the handshake is done. Everything said before it is forgotten. */
int ph__session_tls_started(struct ph__session *session);

/* Commands that a caller may send on their own; each ends in PH__EVENT_COMMAND_DONE. */
enum ph__single {
    PH__SINGLE_HELO,
    PH__SINGLE_EHLO,
    PH__SINGLE_STARTTLS,
    PH__SINGLE_RSET,
    PH__SINGLE_NOOP,
    PH__SINGLE_VRFY,
    PH__SINGLE_HELP,
    PH__SINGLE_QUIT,
    PH__SINGLE_RAW /* the argument is the whole line; any reply is a success */
};

int ph__session_command(struct ph__session *session, enum ph__single single, const char *argument);
int ph__session_mail(struct ph__session *session, const ph_address *from);
int ph__session_rcpt(struct ph__session *session, const ph_address *to);

struct ph__login {
    const ph_mechanism *mechanism;
    struct ph_credentials credentials; /* needed for the call alone */
    bool allows_plaintext;             /* the caller's word, or a local peer */
};

/** AUTH. Ends in PH__EVENT_COMMAND_DONE. @return PH_OK, or why it was not even begun */
int ph__session_authenticate(struct ph__session *session, const struct ph__login *login);

/* One message. Everything pointed to is borrowed until its PH__EVENT_MESSAGE_DONE. */
struct ph__outgoing {
    const struct ph__envelope *envelope;
    ph_result *result;
    void *tag;          /* says which message an event, or a wish for content, is about */
    bool is_repeatable; /* its content can be had again, and without waiting: it may be sent before
                           the replies to its envelope, to a relay known as good */
};

/**
 * One transaction. Ends in PH__EVENT_MESSAGE_DONE.
 * @return PH_OK, or why it was not even begun (the result then holds the error)
 */
int ph__session_send(struct ph__session *session, const struct ph__outgoing *outgoing);

/** @return how many more messages may be submitted now */
size_t ph__session_room(const struct ph__session *session);

/**
 * Takes a message back, if its end has not been handed out. While its content is under way the
 * session breaks, so that nothing is delivered.
 * @return PH_OK (PH__EVENT_MESSAGE_DONE, or _FAILED, will come), PH_ERR_STATE (it is not there, or
 *         ends as the server says)
 */
int ph__session_cancel(struct ph__session *session, const void *tag);

/** DATA alone, in a transaction that single commands began. Otherwise as ph__session_send. */
int ph__session_data(struct ph__session *session, ph_result *result);

/* ---- Bytes ---------------------------------------------------------------------------------- */

/** Feeds bytes from the server, split anywhere, which are not needed after the call: replies are
 * taken from them up to the next event, and what stands behind that is copied. @return PH_OK or why
 * the session broke */
int ph__session_receive(struct ph__session *session, const void *bytes, size_t n);

/** @return there may be something to write: if not, ph__session_output gives nothing, and no
 * content is awaited */
bool ph__session_may_have_output(const struct ph__session *session);

/** @return how many slices (0: nothing) are to be written now; valid until the next call. One whose
 * bytes are NULL stands for so many of the file of the message whose content is under way. */
size_t ph__session_output(struct ph__session *session, struct ph__slice *slices, size_t max);

/** So many bytes of the output were written. */
void ph__session_wrote(struct ph__session *session, size_t n);

/** @return the next bytes of a message's content are awaited */
bool ph__session_wants_content(const struct ph__session *session);

/** @return the tag of the message whose content is awaited, from its beginning if @p from_start
 * is then true (also when it was given before: a message may have to be sent anew) */
void *ph__session_content_tag(const struct ph__session *session, bool *from_start);

/** @return the content that is awaited may be bytes of a file that the session never sees */
bool ph__session_takes_file(const struct ph__session *session);

/** Says that the next @p n bytes of the content come from its file: the output has a slice without
 * bytes where they are to be sent. Only if ph__session_takes_file. */
void ph__session_content_from_file(struct ph__session *session, size_t n, bool is_last);

/** Lends the next bytes of the content until the session wants more, or the message is done. */
void ph__session_content(struct ph__session *session, const void *bytes, size_t n, bool is_last);

/* ---- What happened -------------------------------------------------------------------------- */

enum ph__event_type {
    PH__EVENT_NONE,
    PH__EVENT_START_TLS,    /* make the handshake now, then ph__session_tls_started */
    PH__EVENT_READY,        /* the session is started */
    PH__EVENT_COMMAND_DONE, /* the single command, or AUTH, has ended */
    PH__EVENT_MESSAGE_DONE, /* the transaction has ended; the result is whole */
    PH__EVENT_FAILED        /* the session broke; what was under way has failed: the result of each
                               message that was submitted says what became of it */
};

struct ph__event {
    enum ph__event_type type;
    int status; /* PH_OK, or the failure; ph__session_error has the details */
    void *tag;  /* MESSAGE_DONE: which message */
};

/** @return there was an event */
bool ph__session_next_event(struct ph__session *session, struct ph__event *event);

/** The server closed its side. */
void ph__session_end_of_input(struct ph__session *session);

/** Something from outside ended the session (I/O error, time limit); @p error says what. */
void ph__session_fail(struct ph__session *session, const struct ph__error *error);

/** The source of the content that is awaited failed: the session breaks, so that nothing is
 * delivered. */
void ph__session_content_failed(struct ph__session *session, const char *reason);

/** The same of a file whose bytes were to be written now. */
void ph__session_file_failed(struct ph__session *session, const char *reason);

/* ---- State ---------------------------------------------------------------------------------- */

const struct ph__error *ph__session_error(const struct ph__session *session);
const ph_reply *
ph__session_reply(const struct ph__session *session); /* NULL: none to this operation */
const ph_capabilities *ph__session_capabilities(const struct ph__session *session);
const char *ph__session_notice(const struct ph__session *session); /* NULL: nothing to note */
bool ph__session_is_broken(const struct ph__session *session);
/** @return it broke because of one message, whose failure says nothing about any other */
bool ph__session_broke_for_message(const struct ph__session *session);
bool ph__session_is_secure(const struct ph__session *session);
bool ph__session_awaits_reply(const struct ph__session *session);
uint32_t ph__session_reply_count(const struct ph__session *session); /* so many replies came */

/** @return of enum ph_feature: what a server that falls silent now may not be up to; 0 for nothing
 */
unsigned ph__session_features_in_use(const struct ph__session *session);

/** @return of enum ph_feature: what the server offered, and turned out not to know */
unsigned ph__session_features_refused(const struct ph__session *session);

/** @return where the session is: the phase of the command whose reply is awaited, or NONE */
ph_phase ph__session_phase(const struct ph__session *session);

#endif
