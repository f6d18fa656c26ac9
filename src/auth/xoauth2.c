/* SPDX-License-Identifier: MIT */
/* XOAUTH2, the mechanism of Google and Microsoft for OAuth 2.0 bearer tokens. */
#include "auth/xoauth2.h"

#include <string.h>

#include <posthaste/error.h>

#include "auth/credentials.h"
#include "base/allocator.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/mechanism_response.h"

struct exchange {
    const ph_allocator *allocator;
    struct ph__buffer first_response;
    enum {
        AWAITS_START,
        AWAITS_REFUSAL, /* or the end of the exchange */
        AWAITS_END
    } state;
};

static int build_first_response(struct ph__buffer *out, const ph_credentials *credentials)
{
    const char *const parts[] = {"user=", credentials->user, "\001auth=Bearer ",
                                 credentials->secret, "\001\001"};
    int status = PH_OK;
    for (size_t i = 0; status == PH_OK && i < sizeof parts / sizeof parts[0]; i++)
        status = ph__buffer_append_string(out, parts[i]);
    return status;
}

int ph__xoauth2_start(const ph_credentials *credentials, void *user_data, void **exchange)
{
    if (ph__has_control_bytes(credentials->user) || ph__has_control_bytes(credentials->secret) ||
        ph__credentials_name_another(credentials))
        return PH_ERR_ARGUMENT;
    const ph_allocator *allocator = user_data;
    struct exchange *made = ph__allocate(allocator, sizeof *made);
    if (!made)
        return PH_ERR_NO_MEMORY;
    made->allocator = allocator;
    made->state = AWAITS_START;
    ph__buffer_init_secret(&made->first_response, allocator, ph__mechanism_response_max);
    const int status = build_first_response(&made->first_response, credentials);
    if (status != PH_OK) {
        ph__xoauth2_finish(made);
        return status;
    }
    *exchange = made;
    return PH_OK;
}

static void explain_refusal(ph_mechanism_response *response, const void *json, size_t n)
{
    /* Holds one byte more than is kept: what cuts the text at a whole character sees the cut. */
    char text[ph__explanation_max + 2];
    const size_t length = n < sizeof text ? n : sizeof text - 1;
    if (length > 0)
        memcpy(text, json, length);
    text[length] = '\0';
    ph_mechanism_explain(response, text);
}

int ph__xoauth2_step(void *exchange, const void *challenge, size_t n,
                     ph_mechanism_response *response)
{
    struct exchange *own = exchange;
    switch (own->state) {
    case AWAITS_START:
        own->state = AWAITS_REFUSAL;
        ph_mechanism_complete(response);
        return ph_mechanism_respond(response, own->first_response.bytes,
                                    own->first_response.length);
    case AWAITS_REFUSAL:
        own->state = AWAITS_END;
        explain_refusal(response, challenge, n);
        return PH_OK;
    case AWAITS_END:
        break;
    }
    return PH_ERR_PROTOCOL;
}

void ph__xoauth2_finish(void *exchange)
{
    struct exchange *own = exchange;
    ph__buffer_release(&own->first_response);
    ph__release(own->allocator, own);
}
