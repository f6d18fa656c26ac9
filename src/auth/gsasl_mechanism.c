/* SPDX-License-Identifier: MIT */
/* The mechanisms of GNU SASL as ph_mechanism sees them. */
#include "auth/gsasl_mechanism.h"

#include <stdbool.h>
#include <string.h>

#include <gsasl.h>

#include <posthaste/error.h>

#include "auth/credentials.h"
#include "base/allocator.h"
#include "base/secure_wipe.h"

struct exchange {
    const ph_allocator *allocator;
    Gsasl *context;
    Gsasl_session *session;
    bool is_complete; /* GNU SASL has nothing left to say */
};

static int status_of(int gsasl_code)
{
    switch (gsasl_code) {
    case GSASL_OK:
    case GSASL_NEEDS_MORE:
        return PH_OK;
    case GSASL_MALLOC_ERROR:
        return PH_ERR_NO_MEMORY;
    case GSASL_MECHANISM_CALLED_TOO_MANY_TIMES:
    case GSASL_MECHANISM_PARSE_ERROR:
    case GSASL_BASE64_ERROR:
        return PH_ERR_PROTOCOL;
    case GSASL_UNKNOWN_MECHANISM:
    case GSASL_NO_CLIENT_CODE:
    case GSASL_SASLPREP_ERROR:
    case GSASL_NO_CALLBACK: /* the mechanism wants more than user and secret */
    case GSASL_NO_AUTHID:
    case GSASL_NO_AUTHZID:
    case GSASL_NO_PASSWORD:
    case GSASL_NO_SERVICE:
    case GSASL_NO_HOSTNAME:
        return PH_ERR_ARGUMENT;
    default: /* the codes that are left, and those of later versions: no log-in */
        return PH_ERR_AUTHENTICATION;
    }
}

static int hand_over(Gsasl_session *session, const ph_credentials *credentials)
{
    const struct {
        Gsasl_property property;
        const char *text;
    } given[] = {
        {GSASL_AUTHID, credentials->user},
        {GSASL_AUTHZID, credentials->authorization_id},
        {GSASL_SERVICE, "smtp"},
        {GSASL_HOSTNAME, credentials->host},
        {GSASL_PASSWORD, credentials->secret},
    };
    int code = GSASL_OK;
    for (size_t i = 0; code == GSASL_OK && i < sizeof given / sizeof given[0]; i++) {
        if (given[i].text)
            code = gsasl_property_set(session, given[i].property, given[i].text);
    }
    return status_of(code);
}

/* GNU SASL may leave a dangling pointer behind when it fails. */
static int open_session(struct exchange *own, const char *name)
{
    Gsasl *context = NULL;
    int code = gsasl_init(&context);
    if (code != GSASL_OK)
        return status_of(code);
    own->context = context;
    Gsasl_session *session = NULL;
    code = gsasl_client_start(context, name, &session);
    if (code != GSASL_OK)
        return status_of(code);
    own->session = session;
    return PH_OK;
}

int ph__gsasl_start(const char *name, const ph_allocator *allocator,
                    const ph_credentials *credentials, void **exchange)
{
    struct exchange *made = ph__allocate(allocator, sizeof *made);
    if (!made)
        return PH_ERR_NO_MEMORY;
    made->allocator = allocator;
    int status = open_session(made, name);
    if (status == PH_OK)
        status = hand_over(made->session, credentials);
    if (status != PH_OK) {
        ph__gsasl_finish(made);
        return status;
    }
    *exchange = made;
    return PH_OK;
}

int ph__gsasl_start_plain(const ph_credentials *credentials, void *user_data, void **exchange)
{
    return ph__gsasl_start("PLAIN", user_data, credentials, exchange);
}

int ph__gsasl_start_login(const ph_credentials *credentials, void *user_data, void **exchange)
{
    if (ph__credentials_name_another(credentials))
        return PH_ERR_ARGUMENT;
    return ph__gsasl_start("LOGIN", user_data, credentials, exchange);
}

int ph__gsasl_start_cram_md5(const ph_credentials *credentials, void *user_data, void **exchange)
{
    if (ph__credentials_name_another(credentials))
        return PH_ERR_ARGUMENT;
    return ph__gsasl_start("CRAM-MD5", user_data, credentials, exchange);
}

static bool is_printable_ascii(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < 0x20 || *text > 0x7e)
            return false;
    }
    return true;
}

/* GNU SASL 2.2 hides where it got no memory: LOGIN does not look, and SASLprep fails as if user or
 * secret were wrong, though it has nothing against printable ASCII. */
static int unhidden(Gsasl_session *session, int code, const char *output, size_t length)
{
    if (code == GSASL_SASLPREP_ERROR &&
        is_printable_ascii(gsasl_property_fast(session, GSASL_AUTHID)) &&
        is_printable_ascii(gsasl_property_fast(session, GSASL_PASSWORD)))
        return GSASL_MALLOC_ERROR;
    return !output && length > 0 ? GSASL_MALLOC_ERROR : code;
}

/* What a step of GNU SASL came to, and the reason where it failed. */
static int judge_step(int code, const char *output, size_t n_challenge, const char **reason)
{
    *reason = gsasl_strerror(code);
    if (status_of(code) != PH_OK)
        return status_of(code);
    /* It answers with nothing, and waits, only where the server should have spoken first; the
     * server would wait too. */
    if (code == GSASL_NEEDS_MORE && !output && n_challenge == 0) {
        *reason = "the challenge is empty";
        return PH_ERR_PROTOCOL;
    }
    return PH_OK;
}

int ph__gsasl_step(void *exchange, const void *challenge, size_t n, ph_mechanism_response *response)
{
    struct exchange *own = exchange;
    if (own->is_complete) {
        ph_mechanism_explain(response, "a challenge came after the last response");
        return PH_ERR_PROTOCOL;
    }
    char *output = NULL;
    size_t length = 0;
    int code = gsasl_step(own->session, challenge, n, &output, &length);
    code = unhidden(own->session, code, output, length);
    const char *reason = NULL;
    int status = judge_step(code, output, n, &reason);
    if (status == PH_OK)
        status = ph_mechanism_respond(response, output, length);
    else
        ph_mechanism_explain(response, reason);
    own->is_complete = code == GSASL_OK;
    if (own->is_complete)
        ph_mechanism_complete(response);
    ph__wipe(output, output ? length : 0);
    gsasl_free(output);
    return status;
}

static void wipe_property(Gsasl_session *session, Gsasl_property property)
{
    /* The copy is GNU SASL's, which frees it as it is; const is its promise to a reader only. */
    char *copy = (char *)gsasl_property_fast(session, property);
    if (copy)
        ph__wipe(copy, strlen(copy));
}

void ph__gsasl_finish(void *exchange)
{
    struct exchange *own = exchange;
    if (own->session) {
        wipe_property(own->session, GSASL_AUTHID);
        wipe_property(own->session, GSASL_AUTHZID);
        wipe_property(own->session, GSASL_PASSWORD);
        gsasl_finish(own->session);
    }
    if (own->context)
        gsasl_done(own->context);
    ph__release(own->allocator, own);
}
