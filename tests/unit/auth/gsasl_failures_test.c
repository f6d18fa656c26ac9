/* SPDX-License-Identifier: MIT */
/*
 * What gsasl_mechanism.c does when GNU SASL fails, and what it leaves in memory that GNU SASL
 * frees. The linker puts this file between the two (--wrap).
 */
#include "auth/gsasl_mechanism.h"

#include <string.h>

#include <gsasl.h>

#include <posthaste/error.h>

#include "unit/auth/exchange.h"
#include "unit/base/test.h"

/* What is to happen, and what was seen. */
static struct {
    int init_code;
    int start_code;
    int property_code; /* of the last property */
    bool fakes_step;
    int step_code;
    size_t step_length; /* claimed without output */
    char *output;
    size_t length;
    int n_wiped_outputs;
    int n_wiped_sessions;
    int n_done;
} between;

/* Pointers that GNU SASL might leave behind; using one would crash. */
#define DANGLING ((void *)(uintptr_t)16)

int __real_gsasl_init(Gsasl **context);
int __wrap_gsasl_init(Gsasl **context);
int __real_gsasl_client_start(Gsasl *context, const char *name, Gsasl_session **session);
int __wrap_gsasl_client_start(Gsasl *context, const char *name, Gsasl_session **session);
int __real_gsasl_property_set(Gsasl_session *session, Gsasl_property property, const char *data);
int __wrap_gsasl_property_set(Gsasl_session *session, Gsasl_property property, const char *data);
int __real_gsasl_step(Gsasl_session *session, const char *input, size_t n, char **output,
                      size_t *length);
int __wrap_gsasl_step(Gsasl_session *session, const char *input, size_t n, char **output,
                      size_t *length);
void __real_gsasl_free(void *block);
void __wrap_gsasl_free(void *block);
void __real_gsasl_finish(Gsasl_session *session);
void __wrap_gsasl_finish(Gsasl_session *session);
void __real_gsasl_done(Gsasl *context);
void __wrap_gsasl_done(Gsasl *context);

int __wrap_gsasl_init(Gsasl **context)
{
    if (between.init_code == GSASL_OK)
        return __real_gsasl_init(context);
    *context = DANGLING;
    return between.init_code;
}

int __wrap_gsasl_client_start(Gsasl *context, const char *name, Gsasl_session **session)
{
    if (between.start_code == GSASL_OK)
        return __real_gsasl_client_start(context, name, session);
    *session = DANGLING;
    return between.start_code;
}

int __wrap_gsasl_property_set(Gsasl_session *session, Gsasl_property property, const char *data)
{
    const int code = __real_gsasl_property_set(session, property, data);
    return property == GSASL_PASSWORD && between.property_code ? between.property_code : code;
}

int __wrap_gsasl_step(Gsasl_session *session, const char *input, size_t n, char **output,
                      size_t *length)
{
    if (between.fakes_step) {
        *output = NULL;
        *length = between.step_length;
        return between.step_code;
    }
    const int code = __real_gsasl_step(session, input, n, output, length);
    between.output = *output;
    between.length = *length;
    return code;
}

static bool is_zero(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != '\0')
            return false;
    }
    return true;
}

void __wrap_gsasl_free(void *block)
{
    if (block && block == between.output && is_zero(block, between.length))
        between.n_wiped_outputs++;
    __real_gsasl_free(block);
}

static bool is_wiped(Gsasl_session *session, Gsasl_property property)
{
    const char *text = gsasl_property_fast(session, property);
    return !text || text[0] == '\0';
}

void __wrap_gsasl_finish(Gsasl_session *session)
{
    if (is_wiped(session, GSASL_AUTHID) && is_wiped(session, GSASL_AUTHZID) &&
        is_wiped(session, GSASL_PASSWORD))
        between.n_wiped_sessions++;
    __real_gsasl_finish(session);
}

void __wrap_gsasl_done(Gsasl *context)
{
    between.n_done++;
    __real_gsasl_done(context);
}

static int set_up(void **state)
{
    (void)state;
    memset(&between, 0, sizeof between);
    return 0;
}

static const ph_credentials tim = {"ursel", "tim", "tanstaaftanstaaf", "mail.example.org"};
static const ph_credentials tim_himself = {NULL, "tim", "tanstaaftanstaaf", "mail.example.org"};

static void init__failure_leaves_nothing_to_free(void **state)
{
    (void)state;
    struct exchange_run run;
    between.init_code = GSASL_MALLOC_ERROR;
    assert_int_equal(exchange_open(&run, "PLAIN", &tim), PH_ERR_NO_MEMORY);
    exchange_close(&run);
    assert_int_equal(between.n_done, 0);
}

static void client_start__failure_frees_the_context_alone(void **state)
{
    (void)state;
    struct exchange_run run;
    between.start_code = GSASL_MALLOC_ERROR;
    assert_int_equal(exchange_open(&run, "PLAIN", &tim), PH_ERR_NO_MEMORY);
    exchange_close(&run);
    assert_int_equal(between.n_done, 1);
    assert_int_equal(between.n_wiped_sessions, 0);
}

static void property_set__failure_wipes_and_frees_all(void **state)
{
    (void)state;
    struct exchange_run run;
    between.property_code = GSASL_MALLOC_ERROR;
    assert_int_equal(exchange_open(&run, "PLAIN", &tim), PH_ERR_NO_MEMORY);
    exchange_close(&run);
    assert_int_equal(between.n_wiped_sessions, 1);
    assert_int_equal(between.n_done, 1);
}

static void step__every_code_has_its_status(void **state)
{
    (void)state;
    static const struct {
        int code;
        int status;
    } rows[] = {
        {GSASL_OK, PH_OK},
        {GSASL_UNKNOWN_MECHANISM, PH_ERR_ARGUMENT},
        {GSASL_MECHANISM_CALLED_TOO_MANY_TIMES, PH_ERR_PROTOCOL},
        {GSASL_MALLOC_ERROR, PH_ERR_NO_MEMORY},
        {GSASL_BASE64_ERROR, PH_ERR_PROTOCOL},
        {GSASL_CRYPTO_ERROR, PH_ERR_AUTHENTICATION},
        {GSASL_MECHANISM_PARSE_ERROR, PH_ERR_PROTOCOL},
        {GSASL_AUTHENTICATION_ERROR, PH_ERR_AUTHENTICATION},
        {GSASL_INTEGRITY_ERROR, PH_ERR_AUTHENTICATION},
        {GSASL_NO_CLIENT_CODE, PH_ERR_ARGUMENT},
        {GSASL_NO_CALLBACK, PH_ERR_ARGUMENT},
        {GSASL_NO_AUTHID, PH_ERR_ARGUMENT},
        {GSASL_NO_AUTHZID, PH_ERR_ARGUMENT},
        {GSASL_NO_PASSWORD, PH_ERR_ARGUMENT},
        {GSASL_NO_SERVICE, PH_ERR_ARGUMENT},
        {GSASL_NO_HOSTNAME, PH_ERR_ARGUMENT},
        {GSASL_GSSAPI_INIT_SEC_CONTEXT_ERROR, PH_ERR_AUTHENTICATION},
        {10000, PH_ERR_AUTHENTICATION},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct exchange_run run;
        assert_int_equal(exchange_open(&run, "PLAIN", &tim), PH_OK);
        between.fakes_step = true;
        between.step_code = rows[i].code;
        const int status = exchange_step(&run, NULL, 0);
        if (status != rows[i].status)
            fail_msg("code %d: %s", rows[i].code, ph_status_name(status));
        assert_true(run.response.is_complete == (status == PH_OK));
        if (status != PH_OK && rows[i].code != 10000)
            assert_string_equal(run.response.explanation, gsasl_strerror(rows[i].code));
        exchange_close(&run);
    }
}

/* As LOGIN does when it gets no memory for its copy. */
static void step__length_without_output_is_no_memory(void **state)
{
    (void)state;
    struct exchange_run run;
    assert_int_equal(exchange_open(&run, "LOGIN", &tim_himself), PH_OK);
    between.fakes_step = true;
    between.step_length = 3;
    between.step_code = GSASL_NEEDS_MORE;
    assert_int_equal(exchange_step(&run, "Username:", 9), PH_ERR_NO_MEMORY);
    assert_string_equal(run.response.explanation, gsasl_strerror(GSASL_MALLOC_ERROR));
    exchange_close(&run);
}

/* As CRAM-MD5 does when SASLprep gets no memory. */
static void step__saslprep_has_nothing_against_ascii(void **state)
{
    (void)state;
    static const struct {
        const char *user, *secret;
        int status;
        const char *note;
    } rows[] = {
        {"tim", "tan ~!", PH_ERR_NO_MEMORY, "printable ASCII"},
        {"d\xc3\xb6rte", "tanstaaf", PH_ERR_ARGUMENT, "user in UTF-8"},
        {"tim", "g\xc3\xbcn", PH_ERR_ARGUMENT, "secret in UTF-8"},
        {"tim", "a\x1f", PH_ERR_ARGUMENT, "control byte"},
        {"tim\x7f", "tanstaaf", PH_ERR_ARGUMENT, "DEL"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const ph_credentials credentials = {.user = rows[i].user, .secret = rows[i].secret};
        struct exchange_run run;
        assert_int_equal(exchange_open(&run, "CRAM-MD5", &credentials), PH_OK);
        between.fakes_step = true;
        between.step_code = GSASL_SASLPREP_ERROR;
        CHECK(exchange_step(&run, "<1@x>", 5) == rows[i].status, rows[i].note);
        exchange_close(&run);
    }
}

static void memory_of_gnu_sasl__holds_no_secret_when_it_is_freed(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int n_steps;
    } rows[] = {{"PLAIN", 1}, {"LOGIN", 2}, {"CRAM-MD5", 1}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        memset(&between, 0, sizeof between);
        const bool can_act_for_another = i == 0;
        struct exchange_run run;
        assert_int_equal(
            exchange_open(&run, rows[i].name, can_act_for_another ? &tim : &tim_himself), PH_OK);
        for (int step = 0; step < rows[i].n_steps; step++)
            assert_int_equal(exchange_step(&run, "<1@x>", 5), PH_OK);
        exchange_close(&run);
        CHECK(between.n_wiped_outputs == rows[i].n_steps, rows[i].name);
        CHECK(between.n_wiped_sessions == 1, rows[i].name);
        CHECK(between.n_done == 1, rows[i].name);
    }
}

#define WRAPPED(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WRAPPED(init__failure_leaves_nothing_to_free),
        WRAPPED(client_start__failure_frees_the_context_alone),
        WRAPPED(property_set__failure_wipes_and_frees_all),
        WRAPPED(step__every_code_has_its_status),
        WRAPPED(step__length_without_output_is_no_memory),
        WRAPPED(step__saslprep_has_nothing_against_ascii),
        WRAPPED(memory_of_gnu_sasl__holds_no_secret_when_it_is_freed),
    };
    return cmocka_run_group_tests_name("auth/gsasl_failures", tests, NULL, NULL);
}
