/* SPDX-License-Identifier: MIT */
/* The settings behind ph_tls_config, and the SSL_CTX that is made of them. */
#include "transport/tls_config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>

#include <posthaste/openssl.h>

#include "base/allocator.h"
#include "base/ascii.h"
#include "transport/kernel_tls.h"
#include "transport/tls_suites.h"

enum {
    hostname_max = 255
};

struct ph_tls_config {
    const ph_allocator *allocator;
    bool is_frozen;
    bool verify;
    bool kernel_tls;
    ph_tls_version min_version;
    char *hostname;
    char *ca_file;
    char *ca_directory;
    char *certificate;
    char *key;
    SSL_CTX *callers;
    SSL_CTX *made;                    /* of the settings above; NULL: not yet, or they changed */
    struct ph__tls_sessions sessions; /* made under them */
};

ph_tls_config *ph__tls_config_new(const ph_allocator *allocator)
{
    ph_tls_config *config = ph__allocate(allocator, sizeof *config);
    if (!config)
        return NULL;
    config->allocator = allocator;
    config->verify = true;
    config->kernel_tls = true;
    config->min_version = PH_TLS_1_2;
    return config;
}

static void changed(ph_tls_config *config)
{
    SSL_CTX_free(config->made);
    config->made = NULL;
    ph__tls_sessions_forget(&config->sessions);
}

void ph__tls_config_free(ph_tls_config *config)
{
    if (!config)
        return;
    changed(config);
    SSL_CTX_free(config->callers);
    ph__release(config->allocator, config->hostname);
    ph__release(config->allocator, config->ca_file);
    ph__release(config->allocator, config->ca_directory);
    ph__release(config->allocator, config->certificate);
    ph__release(config->allocator, config->key);
    ph__release(config->allocator, config);
}

/* ---- Settings -------------------------------------------------------------------------------- */

void ph__tls_config_freeze(ph_tls_config *config)
{
    config->is_frozen = true;
}

static int set_flag(ph_tls_config *config, bool *flag, bool value)
{
    if (config->is_frozen)
        return PH_ERR_STATE;
    changed(config);
    *flag = value;
    return PH_OK;
}

static int set_string(ph_tls_config *config, char **slot, const char *text)
{
    if (config->is_frozen)
        return PH_ERR_STATE;
    changed(config);
    return ph__replace_string(config->allocator, slot, text);
}

int ph_tls_config_set_verify(ph_tls_config *config, bool verify)
{
    return set_flag(config, &config->verify, verify);
}

bool ph_tls_config_verify(const ph_tls_config *config)
{
    return config->verify;
}

int ph_tls_config_set_hostname(ph_tls_config *config, const char *hostname)
{
    if (hostname &&
        (*hostname == '\0' || strlen(hostname) > hostname_max || ph__has_control_bytes(hostname)))
        return PH_ERR_ARGUMENT;
    if (config->is_frozen)
        return PH_ERR_STATE;
    return ph__replace_string(config->allocator, &config->hostname, hostname);
}

const char *ph_tls_config_hostname(const ph_tls_config *config)
{
    return config->hostname;
}

int ph_tls_config_set_ca_file(ph_tls_config *config, const char *path)
{
    return set_string(config, &config->ca_file, path);
}

int ph_tls_config_set_ca_directory(ph_tls_config *config, const char *path)
{
    return set_string(config, &config->ca_directory, path);
}

int ph_tls_config_set_certificate(ph_tls_config *config, const char *certificate_path,
                                  const char *key_path)
{
    if (config->is_frozen)
        return PH_ERR_STATE;
    char *certificate = NULL; /* both change, or none does */
    int status = ph__replace_string(config->allocator, &certificate, certificate_path);
    if (status == PH_OK)
        status = ph__replace_string(config->allocator, &config->key,
                                    key_path ? key_path : certificate_path);
    if (status != PH_OK) {
        ph__release(config->allocator, certificate);
        return status;
    }
    changed(config);
    ph__release(config->allocator, config->certificate);
    config->certificate = certificate;
    return PH_OK;
}

int ph_tls_config_set_min_version(ph_tls_config *config, ph_tls_version version)
{
    if (version < PH_TLS_1_0 || version > PH_TLS_1_3)
        return PH_ERR_ARGUMENT;
    if (config->is_frozen)
        return PH_ERR_STATE;
    changed(config);
    config->min_version = version;
    return PH_OK;
}

int ph_tls_config_set_kernel_tls(ph_tls_config *config, bool kernel_tls)
{
    return set_flag(config, &config->kernel_tls, kernel_tls);
}

bool ph_tls_config_kernel_tls(const ph_tls_config *config)
{
    return config->kernel_tls;
}

int ph_tls_config_set_ssl_ctx(ph_tls_config *config, SSL_CTX *ctx)
{
    if (config->is_frozen)
        return PH_ERR_STATE;
    if (ctx)
        (void)SSL_CTX_up_ref(ctx);
    SSL_CTX_free(config->callers);
    config->callers = ctx;
    return PH_OK;
}

bool ph__tls_config_is_callers(const ph_tls_config *config)
{
    return config->callers != NULL;
}

const char *ph__tls_config_min_version_name(const ph_tls_config *config)
{
    switch (config->min_version) {
    case PH_TLS_1_0:
        return "TLS 1.0";
    case PH_TLS_1_1:
        return "TLS 1.1";
    case PH_TLS_1_2:
        return "TLS 1.2";
    case PH_TLS_1_3:
        return "TLS 1.3";
    }
    return "TLS";
}

/* ---- The context ----------------------------------------------------------------------------- */

/* A key file that is encrypted must not make OpenSSL ask at the terminal. */
static int refuse_password(char *buffer, int size, int for_writing, void *user_data)
{
    (void)buffer;
    (void)size;
    (void)for_writing;
    (void)user_data;
    return -1;
}

static int bad_file(struct ph__error *error, const char *what, const char *path)
{
    const unsigned long code = ERR_peek_error();
    const char *reason = ERR_reason_error_string(code);
    (void)ph__error_set(error, PH_ERR_CONFIGURATION, PH_PHASE_TLS, "cannot use the %s %s", what,
                        path);
    if (ERR_SYSTEM_ERROR(code))
        ph__error_add_errno(error, ERR_GET_REASON(code));
    else
        ph__error_add(error, ": %s", reason ? reason : "it holds nothing of the kind");
    ERR_clear_error();
    return PH_ERR_CONFIGURATION;
}

/* OpenSSL looks into the directory only when it needs a certificate, and says nothing then. */
static int check_directory(const char *path, struct ph__error *error)
{
    struct stat about;
    const int reason = stat(path, &about) != 0 ? errno : S_ISDIR(about.st_mode) ? 0 : ENOTDIR;
    if (reason == 0)
        return PH_OK;
    (void)ph__error_set(error, PH_ERR_CONFIGURATION, PH_PHASE_TLS, "cannot use the CA directory %s",
                        path);
    ph__error_add_errno(error, reason);
    return PH_ERR_CONFIGURATION;
}

static int load_anchors(const ph_tls_config *config, SSL_CTX *ctx, struct ph__error *error)
{
    if (config->ca_file && SSL_CTX_load_verify_file(ctx, config->ca_file) != 1)
        return bad_file(error, "CA file", config->ca_file);
    if (config->ca_directory && check_directory(config->ca_directory, error) != PH_OK)
        return PH_ERR_CONFIGURATION;
    if (config->ca_directory && SSL_CTX_load_verify_dir(ctx, config->ca_directory) != 1)
        return bad_file(error, "CA directory", config->ca_directory);
    if (!config->ca_file && !config->ca_directory && SSL_CTX_set_default_verify_paths(ctx) != 1)
        return bad_file(error, "system's trust anchors in", X509_get_default_cert_dir());
    return PH_OK;
}

static int load_certificate(const ph_tls_config *config, SSL_CTX *ctx, struct ph__error *error)
{
    if (!config->certificate)
        return PH_OK;
    SSL_CTX_set_default_passwd_cb(ctx, refuse_password);
    if (SSL_CTX_use_certificate_chain_file(ctx, config->certificate) != 1)
        return bad_file(error, "client certificate", config->certificate);
    if (SSL_CTX_use_PrivateKey_file(ctx, config->key, SSL_FILETYPE_PEM) != 1)
        return bad_file(error, "private key", config->key);
    if (SSL_CTX_check_private_key(ctx) != 1)
        return bad_file(error, "private key (it is not the certificate's)", config->key);
    return PH_OK;
}

static int set_up(const ph_tls_config *config, SSL_CTX *ctx, struct ph__error *error)
{
    (void)SSL_CTX_set_session_cache_mode(ctx,
                                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_set_verify(ctx, config->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* The system's configuration of OpenSSL may have set it, too. */
    (void)SSL_CTX_clear_options(ctx, SSL_OP_ENABLE_KTLS);
    if (config->kernel_tls && ph__kernel_tls_is_there())
        (void)SSL_CTX_set_options(ctx, SSL_OP_ENABLE_KTLS);
    (void)SSL_CTX_set_min_proto_version(ctx, (int)config->min_version);
    if (config->min_version < PH_TLS_1_2)
        SSL_CTX_set_security_level(ctx, 0);
    if (!ph__tls_order_suites(ctx, ph__aes_is_computed()))
        return ph__error_set(error, PH_ERR_NO_MEMORY, PH_PHASE_TLS, "out of memory");
    const int status = load_anchors(config, ctx, error);
    return status == PH_OK ? load_certificate(config, ctx, error) : status;
}

static int make(ph_tls_config *config, struct ph__error *error)
{
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx)
        return ph__error_set(error, PH_ERR_NO_MEMORY, PH_PHASE_TLS, "out of memory");
    const int status = set_up(config, ctx, error);
    if (status == PH_OK)
        config->made = ctx;
    else
        SSL_CTX_free(ctx);
    return status;
}

struct ph__tls_sessions *ph__tls_config_sessions(ph_tls_config *config)
{
    return config->callers ? NULL : &config->sessions;
}

int ph__tls_config_context(ph_tls_config *config, SSL_CTX **out, struct ph__error *error)
{
    *out = NULL;
    if (!config->callers && !config->made) {
        const int status = make(config, error);
        if (status != PH_OK)
            return status;
    }
    *out = config->callers ? config->callers : config->made;
    (void)SSL_CTX_up_ref(*out);
    return PH_OK;
}
