/* SPDX-License-Identifier: MIT */
/* The built-in mechanisms against challenges that no server would send, one a line of the input. */
#include <stdlib.h>
#include <string.h>

#include <posthaste/error.h>

#include "auth/mechanism_table.h"
#include "base/allocator.h"
#include "base/mechanism_response.h"
#include "fuzz/fuzz.h"

static const ph_credentials credentials = {
    .user = "user@example.org", .secret = "correct horse", .host = "mx.example.org"};

static bool is_response(const ph_mechanism_response *response, const char *text)
{
    return response->bytes.length == strlen(text) &&
           memcmp(response->bytes.bytes, text, strlen(text)) == 0;
}

/* What a successful step may answer. */
static void check_response(const char *name, int number, bool was_complete,
                           const ph_mechanism_response *response)
{
    const size_t n = response->bytes.length;
    REQUIRE(n <= ph__mechanism_response_max);
    if (strcmp(name, "PLAIN") == 0)
        REQUIRE(number == 0 && n == 31 && response->is_complete);
    else if (strcmp(name, "LOGIN") == 0)
        REQUIRE(is_response(response, number == 0 ? credentials.user : credentials.secret));
    else if (strcmp(name, "CRAM-MD5") == 0)
        REQUIRE(number == 0 && n == strlen(credentials.user) + 1 + 32);
    else
        REQUIRE(number == 0 ? n > 0 : n == 0); /* XOAUTH2 answers a refusal with nothing */
    if (strcmp(name, "CRAM-MD5") == 0 || strcmp(name, "LOGIN") == 0)
        REQUIRE(!was_complete); /* nothing is answered behind the last word */
}

static void run(const ph_mechanism *mechanism, const uint8_t *data, size_t size)
{
    ph_mechanism_response response;
    void *exchange = NULL;
    struct fuzz_line line;
    const bool server_knows = fuzz_contains(data, size, credentials.secret);
    int status = mechanism->start(&credentials, mechanism->user_data, &exchange);
    REQUIRE(status == PH_OK);
    ph__mechanism_response_init(&response, ph__allocator_or_default(NULL));
    for (int number = 0; status == PH_OK && fuzz_next_line(&data, &size, &line); number++) {
        const bool was_complete = response.is_complete;
        uint8_t *challenge = fuzz_exact(line.bytes, line.n);
        ph__mechanism_response_reset(&response);
        status = mechanism->step(exchange, challenge, line.n, &response);
        free(challenge);
        REQUIRE(status <= PH_OK);
        REQUIRE(strlen(response.explanation) <= ph__explanation_max);
        REQUIRE(server_knows || !strstr(response.explanation, credentials.secret));
        if (status == PH_OK)
            check_response(mechanism->name, number, was_complete, &response);
    }
    mechanism->finish(exchange);
    ph__mechanism_response_release(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph__mechanism_table table;
    REQUIRE(ph__mechanism_table_init(&table, ph__allocator_or_default(NULL)) == PH_OK);
    for (size_t i = 0; i < table.n_rows; i++)
        run(&table.rows[i].mechanism, data, size);
    ph__mechanism_table_release(&table);
    return 0;
}
