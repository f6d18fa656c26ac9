/* SPDX-License-Identifier: MIT */
#include "transport/tls_config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <posthaste/openssl.h>

#include "support/tls_setters.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"
#include "unit/transport/made_certificate.h"

struct fixture {
    struct test_allocator test;
    struct ph__error error;
    ph_tls_config *config;
};

static void begin(struct fixture *f)
{
    test_allocator_init(&f->test);
    ph__error_init(&f->error, &f->test.allocator);
    f->config = ph__tls_config_new(&f->test.allocator);
    assert_non_null(f->config);
}

static void end(struct fixture *f)
{
    ph__tls_config_free(f->config);
    ph__error_release(&f->error);
    assert_int_equal(f->test.live_blocks, 0);
}

static SSL_CTX *context_of(struct fixture *f)
{
    SSL_CTX *ctx;
    if (ph__tls_config_context(f->config, &ctx, &f->error) != PH_OK)
        fail_msg("%s", f->error.view->message);
    return ctx;
}

/* ---- Settings -------------------------------------------------------------------------------- */

static void defaults__are_safe(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    assert_true(ph_tls_config_verify(f.config));
    assert_null(ph_tls_config_hostname(f.config));
    assert_string_equal(ph__tls_config_min_version_name(f.config), "TLS 1.2");
    assert_false(ph__tls_config_is_callers(f.config));
    SSL_CTX *ctx = context_of(&f);
    assert_int_equal(SSL_CTX_get_verify_mode(ctx), SSL_VERIFY_PEER);
    assert_int_equal(SSL_CTX_get_min_proto_version(ctx), TLS1_2_VERSION);
    assert_true((SSL_CTX_get_options(ctx) & SSL_OP_NO_RENEGOTIATION) != 0);
    assert_true((SSL_CTX_get_options(ctx) & SSL_OP_NO_COMPRESSION) != 0);
    SSL_CTX_free(ctx);
    end(&f);
    ph__tls_config_free(NULL);
}

static void hostname__is_copied_and_checked(void **state)
{
    (void)state;
    struct fixture f;
    char name[300] = "mx.example.org";
    begin(&f);
    assert_int_equal(ph_tls_config_set_hostname(f.config, name), PH_OK);
    name[0] = 'X';
    assert_string_equal(ph_tls_config_hostname(f.config), "mx.example.org");
    memset(name, 'a', sizeof name);
    name[256] = '\0';
    static const char *const refused[] = {"", "mx\r\n", "mx\x7f", "\t"};
    for (size_t i = 0; i < ROWS(refused); i++)
        assert_int_equal(ph_tls_config_set_hostname(f.config, refused[i]), PH_ERR_ARGUMENT);
    assert_int_equal(ph_tls_config_set_hostname(f.config, name), PH_ERR_ARGUMENT);
    assert_string_equal(ph_tls_config_hostname(f.config), "mx.example.org");
    name[255] = '\0';
    assert_int_equal(ph_tls_config_set_hostname(f.config, name), PH_OK);
    assert_int_equal(ph_tls_config_set_hostname(f.config, NULL), PH_OK);
    assert_null(ph_tls_config_hostname(f.config));
    end(&f);
}

static void verify__off_asks_for_no_certificate(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    ph_tls_config_set_verify(f.config, false);
    assert_false(ph_tls_config_verify(f.config));
    SSL_CTX *ctx = context_of(&f);
    assert_int_equal(SSL_CTX_get_verify_mode(ctx), SSL_VERIFY_NONE);
    SSL_CTX_free(ctx);
    end(&f);
}

static void min_version__is_named_and_set(void **state)
{
    (void)state;
    static const struct {
        ph_tls_version version;
        const char *name;
        bool is_old; /* OpenSSL's security level must give way */
    } rows[] = {
        {PH_TLS_1_0, "TLS 1.0", true},
        {PH_TLS_1_1, "TLS 1.1", true},
        {PH_TLS_1_2, "TLS 1.2", false},
        {PH_TLS_1_3, "TLS 1.3", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct fixture f;
        begin(&f);
        CHECK(ph_tls_config_set_min_version(f.config, rows[i].version) == PH_OK, rows[i].name);
        CHECK(strcmp(ph__tls_config_min_version_name(f.config), rows[i].name) == 0, rows[i].name);
        SSL_CTX *ctx = context_of(&f);
        CHECK(SSL_CTX_get_min_proto_version(ctx) == (long)rows[i].version, rows[i].name);
        CHECK((SSL_CTX_get_security_level(ctx) == 0) == rows[i].is_old, rows[i].name);
        SSL_CTX_free(ctx);
        end(&f);
    }
}

static void min_version__other_numbers_change_nothing(void **state)
{
    (void)state;
    static const int numbers[] = {0, -1, 0x0300, 0x0305, 12};
    struct fixture f;
    begin(&f);
    for (size_t i = 0; i < ROWS(numbers); i++)
        assert_int_equal(ph_tls_config_set_min_version(f.config, (ph_tls_version)numbers[i]),
                         PH_ERR_ARGUMENT);
    assert_string_equal(ph__tls_config_min_version_name(f.config), "TLS 1.2");
    end(&f);
}

/* ---- Files ----------------------------------------------------------------------------------- */

static void paths__are_copied_and_read_when_needed(void **state)
{
    (void)state;
    struct fixture f;
    struct made_certificate made;
    char path[] = "/tmp/posthaste-test-XXXXXX";
    char copy[sizeof path];
    made_certificate_init(&made, "mx", NULL);
    made_certificate_sign(&made);
    made_certificate_write(&made, true, true, path);
    (void)memcpy(copy, path, sizeof path);
    begin(&f);
    assert_int_equal(ph_tls_config_set_ca_file(f.config, copy), PH_OK);
    assert_int_equal(ph_tls_config_set_certificate(f.config, copy, NULL), PH_OK);
    memset(copy, 'x', sizeof copy - 1);
    SSL_CTX *ctx = context_of(&f);
    assert_int_equal(X509_cmp(SSL_CTX_get0_certificate(ctx), made.x509), 0);
    assert_int_equal(SSL_CTX_check_private_key(ctx), 1);
    assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx))), 1);
    SSL_CTX_free(ctx);
    /* Both none again: no certificate is shown. */
    assert_int_equal(ph_tls_config_set_certificate(f.config, NULL, NULL), PH_OK);
    ctx = context_of(&f);
    assert_null(SSL_CTX_get0_certificate(ctx));
    SSL_CTX_free(ctx);
    end(&f);
    (void)unlink(path);
    made_certificate_release(&made);
}

static void check_refused(const char *ca, const char *certificate, const char *key,
                          const char *says)
{
    struct fixture f;
    SSL_CTX *ctx;
    begin(&f);
    assert_int_equal(ph_tls_config_set_ca_file(f.config, ca), PH_OK);
    assert_int_equal(ph_tls_config_set_certificate(f.config, certificate, key), PH_OK);
    assert_int_equal(ph__tls_config_context(f.config, &ctx, &f.error), PH_ERR_CONFIGURATION);
    assert_null(ctx);
    assert_int_equal(f.error.view->phase, PH_PHASE_TLS);
    if (!strstr(f.error.view->message, says))
        fail_msg("\"%s\" does not say \"%s\"", f.error.view->message, says);
    assert_int_equal(f.error.view->system_errno, strstr(says, "No such file") ? ENOENT : 0);
    end(&f);
}

static void paths__of_unusable_files_are_named(void **state)
{
    (void)state;
    struct made_certificate made;
    struct made_certificate other;
    char both[] = "/tmp/posthaste-test-XXXXXX";
    char without_key[] = "/tmp/posthaste-test-XXXXXX";
    char other_key[] = "/tmp/posthaste-test-XXXXXX";
    char empty[] = "/tmp/posthaste-test-XXXXXX";
    char expected[128];
    made_certificate_init(&made, "mx", NULL);
    made_certificate_init(&other, "mx", NULL);
    made_certificate_sign(&made);
    made_certificate_write(&made, true, true, both);
    made_certificate_write(&made, true, false, without_key);
    made_certificate_write(&other, false, true, other_key);
    made_certificate_write(&other, false, false, empty);
    check_refused("/nonexistent", NULL, NULL, "CA file /nonexistent: No such file");
    check_refused(NULL, "/nonexistent", NULL, "client certificate /nonexistent: No such file");
    check_refused(NULL, both, "/nonexistent", "private key /nonexistent: No such file");
    (void)snprintf(expected, sizeof expected, "CA file %s: ", empty);
    check_refused(empty, NULL, NULL, expected);
    (void)snprintf(expected, sizeof expected, "private key %s: ", without_key);
    check_refused(NULL, without_key, NULL, expected);
    (void)snprintf(expected, sizeof expected, "%s: key values mismatch", other_key);
    check_refused(NULL, both, other_key, expected);
    (void)unlink(both);
    (void)unlink(without_key);
    (void)unlink(other_key);
    (void)unlink(empty);
    made_certificate_release(&made);
    made_certificate_release(&other);
}

/* A program without a terminal must not wait for a password at one. */
static void key__that_is_encrypted_is_refused_without_asking(void **state)
{
    (void)state;
    struct made_certificate made;
    char certificate[] = "/tmp/posthaste-test-XXXXXX";
    char key[] = "/tmp/posthaste-test-XXXXXX";
    char expected[128];
    made_certificate_init(&made, "mx", NULL);
    made_certificate_sign(&made);
    made_certificate_write(&made, true, false, certificate);
    made_certificate_write_encrypted(&made, "secret", key);
    (void)snprintf(expected, sizeof expected, "private key %s: ", key);
    check_refused(NULL, certificate, key, expected);
    (void)unlink(certificate);
    (void)unlink(key);
    made_certificate_release(&made);
}

static void ca_directory__must_be_one(void **state)
{
    (void)state;
    struct fixture f;
    SSL_CTX *ctx;
    begin(&f);
    assert_int_equal(ph_tls_config_set_ca_directory(f.config, "/dev/null"), PH_OK);
    assert_int_equal(ph__tls_config_context(f.config, &ctx, &f.error), PH_ERR_CONFIGURATION);
    assert_string_equal(f.error.view->message,
                        "cannot use the CA directory /dev/null: Not a directory");
    assert_int_equal(f.error.view->system_errno, ENOTDIR);
    assert_int_equal(ph_tls_config_set_ca_directory(f.config, "/"), PH_OK);
    ctx = context_of(&f);
    SSL_CTX_free(ctx);
    end(&f);
}

/* ---- The context ----------------------------------------------------------------------------- */

static void set_verify_again(ph_tls_config *config)
{
    ph_tls_config_set_verify(config, true);
}

static void set_ca_file(ph_tls_config *config)
{
    assert_int_equal(ph_tls_config_set_ca_file(config, NULL), PH_OK);
}

static void set_ca_directory(ph_tls_config *config)
{
    assert_int_equal(ph_tls_config_set_ca_directory(config, "/"), PH_OK);
}

static void set_certificate(ph_tls_config *config)
{
    assert_int_equal(ph_tls_config_set_certificate(config, NULL, NULL), PH_OK);
}

static void set_min_version(ph_tls_config *config)
{
    assert_int_equal(ph_tls_config_set_min_version(config, PH_TLS_1_3), PH_OK);
}

/* Reading trust anchors takes time: sessions of the same settings share a context. */
static void context__stays_until_a_setting_changes(void **state)
{
    (void)state;
    static void (*const changes[])(ph_tls_config *) = {
        set_verify_again, set_ca_file, set_ca_directory, set_certificate, set_min_version};
    struct fixture f;
    begin(&f);
    for (size_t i = 0; i < ROWS(changes); i++) {
        SSL_CTX *first = context_of(&f);
        SSL_CTX *second = context_of(&f);
        assert_ptr_equal(first, second);
        assert_int_equal(ph_tls_config_set_hostname(f.config, "mx"), PH_OK); /* not a context's */
        SSL_CTX_free(second);
        second = context_of(&f);
        assert_ptr_equal(first, second);
        SSL_CTX_free(second);
        changes[i](f.config); /* first, which is still held, cannot come again by chance */
        second = context_of(&f);
        assert_ptr_not_equal(first, second);
        SSL_CTX_free(first);
        SSL_CTX_free(second);
    }
    end(&f);
}

static void frozen__settings_stay_as_they_are(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    SSL_CTX *before = context_of(&f);
    ph__tls_config_freeze(f.config);
    all_tls_setters_return(f.config, PH_ERR_STATE);
    assert_true(ph_tls_config_verify(f.config));
    assert_null(ph_tls_config_hostname(f.config));
    assert_true(ph_tls_config_kernel_tls(f.config));
    assert_string_equal(ph__tls_config_min_version_name(f.config), "TLS 1.2");
    assert_false(ph__tls_config_is_callers(f.config));
    SSL_CTX *after = context_of(&f);
    assert_ptr_equal(before, after);
    SSL_CTX_free(before);
    SSL_CTX_free(after);
    end(&f);
}

static void context__outlives_the_settings(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    SSL_CTX *ctx = context_of(&f);
    end(&f);
    assert_int_equal(SSL_CTX_get_verify_mode(ctx), SSL_VERIFY_PEER);
    SSL_CTX_free(ctx);
}

static void context__of_the_caller_takes_precedence_and_is_shared(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    SSL_CTX *own = context_of(&f);
    SSL_CTX *callers = SSL_CTX_new(TLS_client_method());
    ph_tls_config_set_ssl_ctx(f.config, callers);
    ph_tls_config_set_ssl_ctx(f.config, callers); /* again: the reference it had must not be lost */
    SSL_CTX_free(callers);
    assert_true(ph__tls_config_is_callers(f.config));
    SSL_CTX *given = context_of(&f);
    assert_ptr_equal(given, callers);
    SSL_CTX_free(given);
    ph_tls_config_set_ssl_ctx(f.config, NULL);
    assert_false(ph__tls_config_is_callers(f.config));
    given = context_of(&f);
    assert_ptr_equal(given, own);
    SSL_CTX_free(given);
    SSL_CTX_free(own);
    end(&f);
}

static void errors_of_others__are_not_blamed_on_a_file(void **state)
{
    (void)state;
    struct fixture f;
    SSL_CTX *ctx;
    begin(&f);
    assert_null(BIO_new_file("/other/file", "r")); /* leaves an error in the thread's queue */
    assert_int_equal(ph_tls_config_set_ca_file(f.config, "/tmp"), PH_OK);
    assert_int_equal(ph__tls_config_context(f.config, &ctx, &f.error), PH_ERR_CONFIGURATION);
    assert_non_null(strstr(f.error.view->message, "CA file /tmp: "));
    assert_null(strstr(f.error.view->message, "No such file"));
    end(&f);
}

/* ---- Without memory -------------------------------------------------------------------------- */

static void set_certificate__without_memory_changes_nothing(void **state)
{
    (void)state;
    for (int at = 1; at <= 4; at++) {
        struct fixture f;
        SSL_CTX *ctx;
        test_allocator_init_failing(&f.test, at);
        ph__error_init(&f.error, &f.test.allocator);
        f.config = ph__tls_config_new(&f.test.allocator);
        const int first = ph_tls_config_set_certificate(f.config, "/a/cert", "/a/key");
        assert_int_equal(first, at <= 2 ? PH_ERR_NO_MEMORY : PH_OK);
        const int second = ph_tls_config_set_certificate(f.config, "/b/cert", "/b/key");
        assert_int_equal(second, at > 2 ? PH_ERR_NO_MEMORY : PH_OK);
        assert_int_equal(ph__tls_config_context(f.config, &ctx, &f.error), PH_ERR_CONFIGURATION);
        assert_non_null(strstr(f.error.view->message, at > 2 ? "/a/cert" : "/b/cert"));
        end(&f);
    }
}

static void new__without_memory_is_null(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init_failing(&test, 0);
    assert_null(ph__tls_config_new(&test.allocator));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults__are_safe),
        cmocka_unit_test(hostname__is_copied_and_checked),
        cmocka_unit_test(verify__off_asks_for_no_certificate),
        cmocka_unit_test(min_version__is_named_and_set),
        cmocka_unit_test(min_version__other_numbers_change_nothing),
        cmocka_unit_test(paths__are_copied_and_read_when_needed),
        cmocka_unit_test(paths__of_unusable_files_are_named),
        cmocka_unit_test(key__that_is_encrypted_is_refused_without_asking),
        cmocka_unit_test(ca_directory__must_be_one),
        cmocka_unit_test(context__stays_until_a_setting_changes),
        cmocka_unit_test(frozen__settings_stay_as_they_are),
        cmocka_unit_test(context__outlives_the_settings),
        cmocka_unit_test(context__of_the_caller_takes_precedence_and_is_shared),
        cmocka_unit_test(errors_of_others__are_not_blamed_on_a_file),
        cmocka_unit_test(set_certificate__without_memory_changes_nothing),
        cmocka_unit_test(new__without_memory_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
