/* SPDX-License-Identifier: MIT */
/*
 * How a session starts: greeting, EHLO or HELO, STARTTLS, EHLO again (RFC 5321 section 3.2,
 * RFC 3207). What a server said before TLS decides nothing after it.
 */
#include <assert.h>
#include <string.h>

#include "base/allocator.h"
#include "base/format.h"
#include "protocol/session_state.h"

/* Domain or address literal (RFC 5321 section 4.1.1.1), as far as it could break the line. */
bool ph__is_helo_name(const char *helo)
{
    if (*helo == '\0' || strlen(helo) > 255)
        return false;
    for (; *helo != '\0'; helo++) {
        if (*helo <= ' ' || *helo > '~')
            return false;
    }
    return true;
}

static struct ph__opening *new_opening(const ph_allocator *allocator,
                                       const struct ph__session_start *start)
{
    const size_t helo_size = strlen(start->helo) + 1;
    struct ph__opening *opening = ph__allocate(allocator, sizeof *opening + helo_size);
    if (!opening)
        return NULL;
    opening->esmtp = start->esmtp;
    opening->starttls = start->starttls;
    opening->is_local = start->is_local;
    opening->avoids = start->avoids;
    memcpy(opening->helo, start->helo, helo_size);
    return opening;
}

int ph__session_begin(struct ph__session *session, const struct ph__session_start *start)
{
    int status = ph__session_take_operation(session, PH__STATE_NEW);
    if (status != PH_OK)
        return status;
    session->has_operation = false;
    if (!ph__is_helo_name(start->helo))
        return ph__error_set(&session->error, PH_ERR_ARGUMENT, PH_PHASE_EHLO,
                             "the HELO name must be a domain or an address literal in printable "
                             "ASCII of at most 255 bytes, without blanks");
    session->opening = new_opening(session->config->allocator, start);
    if (!session->opening)
        return ph__error_set(&session->error, PH_ERR_NO_MEMORY, PH_PHASE_NONE, "out of memory");
    session->has_operation = true;
    session->is_secure = start->is_secure;
    session->window = start->window;
    session->window_bytes = start->window_bytes;
    ph__session_enter(session, PH__STATE_STARTING);
    ph__session_queue(session, PH__CMD_GREETING);
    /* Nothing is to be written for a greeting: it is awaited from the beginning. */
    session->built_count = 1;
    session->in_flight = 1;
    return PH_OK;
}

void ph__session_queue_hello(struct ph__session *session)
{
    ph__session_queue(session, session->opening->esmtp ? PH__CMD_EHLO : PH__CMD_HELO);
}

/* A refusal while the session starts ends it. */
static void refuse_start(struct ph__session *session, const struct ph__command *command,
                         const ph_reply *reply)
{
    (void)ph__session_refused(session, command, reply);
    ph__session_break(session);
}

void ph__answered_greeting(struct ph__session *session, const struct ph__command *command,
                           const ph_reply *reply)
{
    if (ph_reply_is_success(reply))
        ph__session_queue_hello(session);
    else
        refuse_start(session, command, reply);
}

/* BDAT without PIPELINING would save nothing: it waits for each reply as DATA does. */
static unsigned features_to_use(const struct ph__session *session)
{
    if (!ph_capabilities_has(session->capabilities, "PIPELINING"))
        return 0;
    unsigned features = PH_FEATURE_PIPELINING | PH_FEATURE_OVERLAP;
    if (ph_capabilities_has(session->capabilities, "CHUNKING"))
        features |= PH_FEATURE_CHUNKING;
    features &= ~session->opening->avoids;
    return features & PH_FEATURE_PIPELINING ? features : 0;
}

static void become_ready(struct ph__session *session)
{
    session->features = features_to_use(session);
    ph__release(session->config->allocator, session->opening);
    session->opening = NULL;
    ph__session_enter(session, PH__STATE_OPEN);
    ph__session_end_operation(session, PH__EVENT_READY, PH_OK);
}

static void fail_without_starttls(struct ph__session *session)
{
    const char *reason =
        session->opening->fell_back ? "it did not understand EHLO" : "it does not offer STARTTLS";
    (void)ph__error_set(
        &session->error, PH_ERR_UNSUPPORTED, PH_PHASE_STARTTLS,
        "STARTTLS is not supported on this server: %s was asked for it, but %s; use "
        "a port with TLS from the first byte (465), or ask the server's "
        "administrator. It may also have been removed on the way.",
        session->config->server, reason);
    ph__session_break(session);
}

static void note_missing_tls(struct ph__session *session)
{
    const char *reason = session->opening->fell_back ? "the server did not understand EHLO"
                                                     : "the server does not offer STARTTLS";
    char notice[256];
    (void)ph__format(notice, sizeof notice, "the session with %.120s is not encrypted: %s",
                     session->config->server, reason);
    (void)ph__replace_string(session->config->allocator, &session->notice, notice);
    ph__session_trace(session, PH_TRACE_INFO, "%s", notice);
}

/* The server introduced itself: STARTTLS now, or ready. */
static void introduced(struct ph__session *session)
{
    if (session->is_secure || session->opening->starttls == PH_STARTTLS_OFF) {
        become_ready(session);
    } else if (ph_capabilities_has(session->capabilities, "STARTTLS")) {
        ph__session_queue(session, PH__CMD_STARTTLS);
    } else if (session->opening->starttls == PH_STARTTLS_ALWAYS) {
        fail_without_starttls(session);
    } else {
        if (!session->opening->is_local || session->opening->fell_back)
            note_missing_tls(session);
        become_ready(session);
    }
}

/* Servers that do not know EHLO say one of these (RFC 5321 section 3.2, 4.1.4). Anything else, such
 * as 421, is the server's word on this session and not on its age. */
static bool means_no_esmtp(int code)
{
    return code == 500 || code == 501 || code == 502 || code == 504;
}

void ph__answered_ehlo(struct ph__session *session, const struct ph__command *command,
                       const ph_reply *reply)
{
    if (ph_reply_is_success(reply)) {
        if (ph__capabilities_share(session->config->last_capabilities, session->config->allocator,
                                   reply, &session->capabilities) == PH_OK)
            introduced(session);
        else
            ph__session_fail_without_memory(session);
        return;
    }
    if (!means_no_esmtp(reply->code)) {
        refuse_start(session, command, reply);
        return;
    }
    session->opening->fell_back = true;
    if (session->opening->starttls == PH_STARTTLS_ALWAYS && !session->is_secure) {
        fail_without_starttls(session);
        ph__error_set_reply(&session->error, reply->code, ph_reply_enhanced_code(reply),
                            ph_reply_text(reply));
        return;
    }
    if (session->opening->starttls == PH_STARTTLS_ALWAYS) {
        refuse_start(session, command, reply); /* TLS is required: no step back of any kind */
        return;
    }
    ph__session_trace(session, PH_TRACE_INFO, "EHLO was not understood: HELO instead");
    ph__session_queue(session, PH__CMD_HELO);
}

void ph__answered_helo(struct ph__session *session, const struct ph__command *command,
                       const ph_reply *reply)
{
    if (!ph_reply_is_success(reply)) {
        refuse_start(session, command, reply);
        return;
    }
    ph_capabilities_free(session->capabilities);
    session->capabilities = ph__capabilities_new(session->config->allocator);
    if (session->capabilities)
        introduced(session);
    else
        ph__session_fail_without_memory(session);
}

void ph__answered_starttls(struct ph__session *session, const struct ph__command *command,
                           const ph_reply *reply)
{
    if (reply->code != 220) {
        refuse_start(session, command, reply);
        return;
    }
    ph__session_enter(session, PH__STATE_AWAITING_TLS);
    ph__session_emit(session, PH__EVENT_START_TLS, PH_OK);
}

int ph__session_tls_started(struct ph__session *session)
{
    if (session->state != PH__STATE_AWAITING_TLS)
        return PH_ERR_STATE;
    assert(session->input_used == session->input.length); /* bytes that came early were refused */
    ph_capabilities_free(session->capabilities);
    session->capabilities = NULL;
    session->is_secure = true;
    session->has_reply = false;
    ph__session_enter(session, PH__STATE_STARTING);
    ph__session_queue_hello(session);
    return PH_OK;
}
