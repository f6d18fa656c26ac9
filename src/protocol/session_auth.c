/* SPDX-License-Identifier: MIT */
/* AUTH (RFC 4954): a mechanism's challenges and responses, carried over the session. */
#include <string.h>

#include "base/allocator.h"
#include "base/base64.h"
#include "base/format.h"
#include "base/secure_wipe.h"
#include "base/utf8.h"
#include "protocol/command_line.h"
#include "protocol/session_state.h"

enum {
    challenge_max = 16 * 1024
};

void ph__exchange_release(struct ph__session *session)
{
    struct ph__exchange *exchange = session->exchange;
    if (!exchange)
        return;
    if (exchange->mechanism)
        exchange->mechanism->finish(exchange->state);
    ph__mechanism_response_release(&exchange->response);
    ph__release(session->config->allocator, exchange);
    session->exchange = NULL;
}

static struct ph__exchange *new_exchange(struct ph__session *session)
{
    struct ph__exchange *exchange = ph__allocate(session->config->allocator, sizeof *exchange);
    if (exchange)
        ph__mechanism_response_init(&exchange->response, session->config->allocator);
    session->exchange = exchange;
    return exchange;
}

/* A mechanism may be a program's own: a number that is no status is taken for a refusal. */
static int status_of(int returned)
{
    return returned <= 0 ? returned : PH_ERR_AUTHENTICATION;
}

static int step(struct ph__session *session, const void *challenge, size_t n)
{
    struct ph__exchange *exchange = session->exchange;
    ph__mechanism_response_reset(&exchange->response);
    return status_of(exchange->mechanism->step(exchange->state, challenge, n, &exchange->response));
}

/* Appends what the server explained, for the sentence. */
static void add_explanation(struct ph__session *session)
{
    const char *text = session->exchange->response.explanation;
    char shown[ph__explanation_max];
    if (*text == '\0')
        return;
    (void)ph__escape(shown, sizeof shown, text, strlen(text));
    for (char *end = strchr(shown, '\n'); end; end = strchr(end, '\n'))
        *end = ' '; /* an error is one sentence, and may become one line of a log */
    ph__error_add(&session->error, "; explanation: %s", shown);
}

static int fail_mechanism(struct ph__session *session, int status)
{
    (void)ph__error_set(&session->error, status, PH_PHASE_AUTH,
                        "AUTH %s was given up on this side: %s", session->exchange->name,
                        ph_status_text(status));
    add_explanation(session);
    return status;
}

static int begin_exchange(struct ph__session *session, const struct ph__login *login)
{
    const ph_mechanism *mechanism = login->mechanism;
    struct ph__exchange *exchange = new_exchange(session);
    if (!exchange)
        return ph__error_set(&session->error, PH_ERR_NO_MEMORY, PH_PHASE_AUTH, "out of memory");
    (void)ph__format(exchange->name, sizeof exchange->name, "%s", mechanism->name);
    int status =
        status_of(mechanism->start(&login->credentials, mechanism->user_data, &exchange->state));
    if (status == PH_OK) {
        exchange->mechanism = mechanism;
        if (mechanism->flags & PH_MECHANISM_CLIENT_FIRST)
            status = step(session, NULL, 0);
    }
    if (status != PH_OK) {
        (void)fail_mechanism(session, status);
        ph__exchange_release(session);
    }
    return status;
}

int ph__session_authenticate(struct ph__session *session, const struct ph__login *login)
{
    int status = ph__session_take_operation(session, PH__STATE_OPEN);
    if (status != PH_OK)
        return status;
    session->has_operation = false;
    if ((login->mechanism->flags & PH_MECHANISM_EXPOSES_SECRET) && !session->is_secure &&
        !login->allows_plaintext)
        return ph__error_set(&session->error, PH_ERR_INSECURE, PH_PHASE_AUTH,
                             "the password was not sent: AUTH %s would show it to everyone on the "
                             "way to %s, since the connection has no TLS; use TLS, or allow "
                             "plaintext AUTH for this session",
                             login->mechanism->name, session->config->server);
    status = begin_exchange(session, login);
    if (status != PH_OK)
        return status;
    session->has_operation = true;
    ph__session_queue(session, PH__CMD_AUTH);
    return PH_OK;
}

static int append_base64_line(struct ph__buffer *out, const char *prefix,
                              const struct ph__buffer *bytes)
{
    struct ph__buffer line;
    ph__buffer_init_secret(&line, out->allocator, ph__command_line_max);
    int status = ph__buffer_append_string(&line, prefix);
    if (status == PH_OK)
        status = ph__base64_encode(&line, bytes->bytes, bytes->length);
    if (status == PH_OK)
        status = ph__buffer_append(&line, "", 1);
    if (status == PH_OK)
        status = ph__command_line(out, NULL, (const char *)line.bytes);
    ph__buffer_release(&line);
    return status;
}

int ph__build_auth(struct ph__session *session, const struct ph__command *command,
                   struct ph__buffer *out)
{
    (void)command;
    const struct ph__exchange *exchange = session->exchange;
    char prefix[40];
    if (!(exchange->mechanism->flags & PH_MECHANISM_CLIENT_FIRST))
        return ph__command_line(out, "AUTH", exchange->name);
    /* "=" stands for an empty first response (RFC 4954 section 4). */
    const bool is_empty = exchange->response.bytes.length == 0;
    (void)ph__format(prefix, sizeof prefix, "AUTH %s %s", exchange->name, is_empty ? "=" : "");
    return append_base64_line(out, prefix, &exchange->response.bytes);
}

int ph__build_auth_response(struct ph__session *session, const struct ph__command *command,
                            struct ph__buffer *out)
{
    (void)command;
    return append_base64_line(out, "", &session->exchange->response.bytes);
}

/* Takes the mechanism one step on; what it cannot answer is cancelled (RFC 4954 section 4). */
static void challenged(struct ph__session *session, const ph_reply *reply)
{
    struct ph__buffer challenge;
    const char *text = ph_reply_line(reply, 0);
    ph__buffer_init_secret(&challenge, session->config->allocator, challenge_max);
    int status = ph__base64_decode(&challenge, text, strlen(text));
    /* Some servers prompt in plain words; a mechanism that reads no prompt does not mind. */
    if (status == PH_ERR_PROTOCOL) {
        ph__buffer_truncate(&challenge, 0);
        status = ph__buffer_append_string(&challenge, text);
    }
    if (status == PH_OK)
        status = step(session, challenge.bytes, challenge.length);
    ph__buffer_release(&challenge);
    session->exchange->failure = status;
    ph__session_queue(session, status == PH_OK ? PH__CMD_AUTH_RESPONSE : PH__CMD_AUTH_CANCEL);
}

static void add_offered(struct ph__session *session)
{
    const char *offered = ph_capabilities_parameters(session->capabilities, "AUTH");
    char shown[200];
    if (!offered || *offered == '\0') {
        ph__error_add(&session->error, "; it offers no AUTH at all");
        return;
    }
    (void)ph__escape(shown, sizeof shown, offered, strlen(offered));
    ph__error_add(&session->error, "; it offers %s; check user, password and mechanism", shown);
}

/* Net::SMTP's rule: once the mechanism has said its last word, any refusal is one of the login;
 * before that the class of the code counts. */
static int refused_login(struct ph__session *session, const struct ph__command *command,
                         const ph_reply *reply)
{
    int status = ph__session_refused(session, command, reply);
    if (session->exchange->response.is_complete && !ph_reply_is_success(reply)) {
        status = PH_ERR_AUTHENTICATION;
        ph__error_set_status(&session->error, PH_ERR_AUTHENTICATION);
    }
    if (ph_reply_is_success(reply))
        ph__error_add(&session->error, " (accepted before the mechanism had ended)");
    else
        add_offered(session);
    add_explanation(session);
    return status;
}

static void end_exchange(struct ph__session *session, int status)
{
    ph__exchange_release(session);
    ph__session_end_operation(session, PH__EVENT_COMMAND_DONE, status);
}

void ph__answered_auth(struct ph__session *session, const struct ph__command *command,
                       const ph_reply *reply)
{
    if (ph_reply_is_continue(reply))
        challenged(session, reply);
    else if (ph_reply_is_success(reply) && session->exchange->response.is_complete)
        end_exchange(session, PH_OK);
    else
        end_exchange(session, refused_login(session, command, reply));
}

void ph__answered_auth_cancel(struct ph__session *session, const struct ph__command *command,
                              const ph_reply *reply)
{
    (void)command;
    (void)reply;
    end_exchange(session, fail_mechanism(session, session->exchange->failure));
}
