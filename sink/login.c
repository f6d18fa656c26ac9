/* SPDX-License-Identifier: MIT */
/* The server's side of AUTH: PLAIN, LOGIN and CRAM-MD5 through GNU SASL. */
#include "sink/login.h"

#include <gsasl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct login {
    const struct ph_sink_options *options;
    Gsasl *context;
    Gsasl_session *session;
};

/* @return the password of a user, or NULL */
static const char *password_of(const struct ph_sink_options *options, const char *user)
{
    const size_t n = user ? strlen(user) : 0;
    for (size_t i = 0; n > 0 && i < options->auth.count; i++) {
        const char *entry = options->auth.items[i];
        if (strncmp(entry, user, n) == 0 && entry[n] == ':')
            return entry + n + 1;
    }
    return NULL;
}

/* GNU SASL asks for a password (CRAM-MD5), or whether one is right (PLAIN, LOGIN). */
static int answer(Gsasl *context, Gsasl_session *session, Gsasl_property property)
{
    const struct login *login = gsasl_callback_hook_get(context);
    const char *password = password_of(login->options, gsasl_property_fast(session, GSASL_AUTHID));
    const char *given = gsasl_property_fast(session, GSASL_PASSWORD);
    if (property == GSASL_PASSWORD)
        return password ? gsasl_property_set(session, GSASL_PASSWORD, password)
                        : GSASL_AUTHENTICATION_ERROR;
    if (property == GSASL_VALIDATE_SIMPLE)
        return password && given && strcmp(password, given) == 0 ? GSASL_OK
                                                                 : GSASL_AUTHENTICATION_ERROR;
    return GSASL_NO_CALLBACK;
}

static bool is_known(const char *mechanism)
{
    return strcasecmp(mechanism, "PLAIN") == 0 || strcasecmp(mechanism, "LOGIN") == 0 ||
           strcasecmp(mechanism, "CRAM-MD5") == 0;
}

struct login *sink_login_new(const struct ph_sink_options *options, const char *mechanism)
{
    char name[16];
    if (!is_known(mechanism))
        return NULL;
    for (size_t i = 0; i <= strlen(mechanism); i++)
        name[i] =
            (char)(mechanism[i] >= 'a' && mechanism[i] <= 'z' ? mechanism[i] - 32 : mechanism[i]);
    struct login *login = sink_must_allocate(sizeof *login);
    login->options = options;
    if (gsasl_init(&login->context) != GSASL_OK) {
        free(login);
        return NULL;
    }
    gsasl_callback_set(login->context, answer);
    gsasl_callback_hook_set(login->context, login);
    if (gsasl_server_start(login->context, name, &login->session) != GSASL_OK) {
        login->session = NULL;
        sink_login_free(login);
        return NULL;
    }
    return login;
}

void sink_login_free(struct login *login)
{
    if (!login)
        return;
    if (login->session)
        gsasl_finish(login->session);
    gsasl_done(login->context);
    free(login);
}

const char *sink_login_user(const struct login *login)
{
    const char *user = gsasl_property_fast(login->session, GSASL_AUTHID);
    return user ? user : "?";
}

enum login_outcome sink_login_step(struct login *login, const char *response,
                                   struct bytes *challenge)
{
    char *input = NULL;
    char *output = NULL;
    size_t input_length = 0;
    size_t output_length = 0;
    const bool has_bytes = response && strcmp(response, "=") != 0;
    if (has_bytes &&
        gsasl_base64_from(response, strlen(response), &input, &input_length) != GSASL_OK)
        return LOGIN_MALFORMED;
    const int code = gsasl_step(login->session, input, input_length, &output, &output_length);
    gsasl_free(input);
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
