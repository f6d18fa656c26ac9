/* SPDX-License-Identifier: MIT */
/* The server's side of SASL: PLAIN, LOGIN and CRAM-MD5 through GNU SASL. */
#include "sink/login.h"

#include <gsasl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct logins {
    const struct ph_sink_list *users;
    Gsasl *context;
};

struct login {
    Gsasl_session *session;
    const struct mechanism *mechanism;
    bool has_begun;
};

/* What a response together with AUTH means where the server speaks first. */
enum early {
    EARLY_EXPECTED, /* it does not: the client speaks first */
    EARLY_USER,     /* the answer to the first challenge, which nobody wrote down but clients do */
    EARLY_REFUSED   /* RFC 4954 section 4: 501 */
};

static const struct mechanism {
    const char *name;
    enum early early;
} mechanisms[] = {
    {"PLAIN", EARLY_EXPECTED},
    {"LOGIN", EARLY_USER},
    {"CRAM-MD5", EARLY_REFUSED},
};

/* ---- Users ----------------------------------------------------------------------------------- */

/* @return the password of a user, or NULL; a user's name has no colon, a password may have */
static const char *password_of(const struct ph_sink_list *users, const char *user)
{
    for (size_t i = 0; user && i < users->count; i++) {
        const char *entry = users->items[i];
        const size_t n = strcspn(entry, ":");
        if (strlen(user) == n && strncmp(entry, user, n) == 0)
            return entry + n + 1;
    }
    return NULL;
}

/* GNU SASL asks for a password (CRAM-MD5), or whether one is right (PLAIN, LOGIN). */
static int answer(Gsasl *context, Gsasl_session *session, Gsasl_property property)
{
    const struct logins *logins = gsasl_callback_hook_get(context);
    const char *password = password_of(logins->users, gsasl_property_fast(session, GSASL_AUTHID));
    const char *given = gsasl_property_fast(session, GSASL_PASSWORD);
    if (property == GSASL_PASSWORD)
        return password ? gsasl_property_set(session, GSASL_PASSWORD, password)
                        : GSASL_AUTHENTICATION_ERROR;
    if (property == GSASL_VALIDATE_SIMPLE)
        return password && given && strcmp(password, given) == 0 ? GSASL_OK
                                                                 : GSASL_AUTHENTICATION_ERROR;
    return GSASL_NO_CALLBACK;
}

struct logins *sink_logins_new(const struct ph_sink_list *users)
{
    struct logins *logins = sink_must_allocate(sizeof *logins);
    logins->users = users;
    if (gsasl_init(&logins->context) != GSASL_OK) {
        free(logins);
        return NULL;
    }
    gsasl_callback_set(logins->context, answer);
    gsasl_callback_hook_set(logins->context, logins);
    return logins;
}

void sink_logins_free(struct logins *logins)
{
    if (!logins)
        return;
    gsasl_done(logins->context);
    free(logins);
}

/* ---- Exchanges ------------------------------------------------------------------------------- */

static const struct mechanism *find_mechanism(const char *name)
{
    for (size_t i = 0; i < sizeof mechanisms / sizeof mechanisms[0]; i++) {
        if (strcasecmp(mechanisms[i].name, name) == 0)
            return &mechanisms[i];
    }
    return NULL;
}

struct login *sink_login_new(const struct logins *logins, const char *mechanism)
{
    const struct mechanism *known = find_mechanism(mechanism);
    Gsasl_session *session = NULL;
    if (!known || gsasl_server_start(logins->context, known->name, &session) != GSASL_OK)
        return NULL;
    struct login *login = sink_must_allocate(sizeof *login);
    login->session = session;
    login->mechanism = known;
    return login;
}

void sink_login_free(struct login *login)
{
    if (!login)
        return;
    gsasl_finish(login->session);
    free(login);
}

const char *sink_login_user(const struct login *login)
{
    const char *user = gsasl_property_fast(login->session, GSASL_AUTHID);
    return user ? user : "?";
}

/* Gives bytes to GNU SASL and turns what it says into base64. */
static enum login_outcome step(struct login *login, const char *input, size_t n,
                               struct bytes *challenge)
{
    char *output = NULL;
    size_t output_length = 0;
    /* LOGIN copies by strndup, which may look for a NUL. */
    char *text_input = sink_must_allocate(n + 1);
    if (n > 0)
        memcpy(text_input, input, n);
    const int code = gsasl_step(login->session, text_input, n, &output, &output_length);
    free(text_input);
    challenge->length = 0;
    if (code == GSASL_NEEDS_MORE) {
        char *text = NULL;
        size_t length = 0;
        if (gsasl_base64_to(output, output_length, &text, &length) == GSASL_OK)
            sink_bytes_append(challenge, text, length);
        gsasl_free(text);
    }
    gsasl_free(output);
    if (code == GSASL_NEEDS_MORE)
        return LOGIN_CHALLENGE;
    return code == GSASL_OK ? LOGIN_ACCEPTED : LOGIN_REFUSED;
}

enum login_outcome sink_login_step(struct login *login, const char *response,
                                   struct bytes *challenge)
{
    char *input = NULL;
    size_t n = 0;
    const bool is_early = response && !login->has_begun;
    login->has_begun = true;
    if (is_early && login->mechanism->early == EARLY_REFUSED)
        return LOGIN_MALFORMED;
    if (response && strcmp(response, "=") != 0 &&
        gsasl_base64_from(response, strlen(response), &input, &n) != GSASL_OK)
        return LOGIN_MALFORMED;
    if (is_early && login->mechanism->early == EARLY_USER)
        (void)step(login, NULL, 0, challenge); /* the challenge that was answered unasked */
    const enum login_outcome outcome = step(login, input, n, challenge);
    gsasl_free(input);
    /* To an empty response GNU SASL would say again: go ahead. */
    if (response && outcome == LOGIN_CHALLENGE && login->mechanism->early == EARLY_EXPECTED)
        return LOGIN_REFUSED;
    return outcome;
}
