/* SPDX-License-Identifier: MIT */
/* SCRAM of GNU SASL, the mechanism in which the server proves itself, too. */
#include "auth/gsasl_mechanism.h"

#include <gsasl.h>

#include "base/allocator.h"
#include "unit/auth/exchange.h"
#include "unit/base/test.h"

static const ph_credentials tim = {.user = "tim", .secret = "tanstaaftanstaaf", .host = "mail"};

/* A server of GNU SASL that knows tim's password. */
static int answer_server(Gsasl *context, Gsasl_session *session, Gsasl_property property)
{
    (void)context;
    if (property != GSASL_PASSWORD)
        return GSASL_NO_CALLBACK;
    return gsasl_property_set(session, GSASL_PASSWORD, tim.secret);
}

struct scram {
    Gsasl *server_context;
    Gsasl_session *server;
    void *client;
    ph_mechanism_response response;
};

static void scram_open(struct scram *scram)
{
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    assert_int_equal(gsasl_init(&scram->server_context), GSASL_OK);
    gsasl_callback_set(scram->server_context, answer_server);
    assert_int_equal(gsasl_server_start(scram->server_context, "SCRAM-SHA-256", &scram->server),
                     GSASL_OK);
    ph__mechanism_response_init(&scram->response, allocator);
    assert_int_equal(ph__gsasl_start("SCRAM-SHA-256", allocator, &tim, &scram->client), PH_OK);
}

static void scram_close(struct scram *scram)
{
    ph__gsasl_finish(scram->client);
    ph__mechanism_response_release(&scram->response);
    gsasl_finish(scram->server);
    gsasl_done(scram->server_context);
}

/* Runs the exchange up to the server's proof. @return the proof, for gsasl_free */
static char *scram_proof(struct scram *scram, size_t *length)
{
    struct ph__buffer *bytes = &scram->response.bytes;
    char *output = NULL;
    assert_int_equal(ph__gsasl_step(scram->client, NULL, 0, &scram->response), PH_OK);
    assert_int_equal(
        gsasl_step(scram->server, (const char *)bytes->bytes, bytes->length, &output, length),
        GSASL_NEEDS_MORE);
    ph__mechanism_response_reset(&scram->response);
    assert_int_equal(ph__gsasl_step(scram->client, output, *length, &scram->response), PH_OK);
    assert_false(scram->response.is_complete);
    gsasl_free(output);
    assert_int_equal(
        gsasl_step(scram->server, (const char *)bytes->bytes, bytes->length, &output, length),
        GSASL_OK);
    ph__mechanism_response_reset(&scram->response);
    return output;
}

static void step__proof_of_the_server_ends_with_an_empty_response(void **state)
{
    (void)state;
    struct scram scram;
    scram_open(&scram);
    size_t length = 0;
    char *proof = scram_proof(&scram, &length);
    assert_int_equal(ph__gsasl_step(scram.client, proof, length, &scram.response), PH_OK);
    assert_int_equal(scram.response.bytes.length, 0);
    assert_true(scram.response.is_complete);
    gsasl_free(proof);
    scram_close(&scram);
}

static void step__wrong_proof_of_the_server_is_refused(void **state)
{
    (void)state;
    struct scram scram;
    scram_open(&scram);
    size_t length = 0;
    char *proof = scram_proof(&scram, &length);
    proof[2] = proof[2] == 'A' ? 'B' : 'A';
    assert_int_equal(ph__gsasl_step(scram.client, proof, length, &scram.response),
                     PH_ERR_AUTHENTICATION);
    assert_false(scram.response.is_complete);
    gsasl_free(proof);
    scram_close(&scram);
}

static void step__malformed_challenge_is_refused(void **state)
{
    (void)state;
    struct scram scram;
    scram_open(&scram);
    assert_int_equal(ph__gsasl_step(scram.client, NULL, 0, &scram.response), PH_OK);
    ph__mechanism_response_reset(&scram.response);
    assert_int_equal(ph__gsasl_step(scram.client, "nonsense", 8, &scram.response), PH_ERR_PROTOCOL);
    scram_close(&scram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step__proof_of_the_server_ends_with_an_empty_response),
        cmocka_unit_test(step__wrong_proof_of_the_server_is_refused),
        cmocka_unit_test(step__malformed_challenge_is_refused),
    };
    return cmocka_run_group_tests_name("auth/gsasl_mechanism: SCRAM", tests, NULL, NULL);
}
