/* SPDX-License-Identifier: MIT */
#include "unit/transport/made_certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "unit/base/test.h"

static void add_alternatives(X509 *x509, const char *alternatives)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alternatives);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

void made_certificate_init(struct made_certificate *made, const char *common_name,
                           const char *alternatives)
{
    made->x509 = X509_new();
    made->key = EVP_EC_gen("P-256");
    assert_true(made->x509 && made->key);
    assert_int_equal(X509_set_version(made->x509, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(made->x509), 1), 1);
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(made->x509), "20200101000000Z"), 1);
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(made->x509), "20900101000000Z"), 1);
    X509_NAME *subject = X509_get_subject_name(made->x509);
    assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)common_name, -1, -1, 0),
                     1);
    if (alternatives)
        add_alternatives(made->x509, alternatives);
}

void made_certificate_sign(struct made_certificate *made)
{
    const X509_NAME *subject = X509_get_subject_name(made->x509);
    assert_int_equal(X509_set_issuer_name(made->x509, subject), 1);
    assert_int_equal(X509_set_pubkey(made->x509, made->key), 1);
    assert_true(X509_sign(made->x509, made->key, EVP_sha256()) > 0);
}

void made_certificate_release(struct made_certificate *made)
{
    X509_free(made->x509);
    EVP_PKEY_free(made->key);
}

void made_certificate_write(const struct made_certificate *made, bool with_certificate,
                            bool with_key, char *path)
{
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    if (with_certificate)
        assert_int_equal(PEM_write_X509(file, made->x509), 1);
    if (with_key)
        assert_int_equal(PEM_write_PrivateKey(file, made->key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
}

void made_certificate_write_encrypted(const struct made_certificate *made, const char *password,
                                      char *path)
{
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, made->key, EVP_aes_128_cbc(),
                                          (const unsigned char *)password, (int)strlen(password),
                                          NULL, NULL),
                     1);
    assert_int_equal(fclose(file), 0);
}
