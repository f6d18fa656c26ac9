/* SPDX-License-Identifier: MIT */
/* Why a handshake failed, in a sentence that a person can act on. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "base/allocator.h"
#include "base/utf8.h"
#include "transport/certificate.h"
#include "transport/tls_detect.h"
#include "transport/tls_state.h"

/* ---- Certificates ---------------------------------------------------------------------------- */

static void date_text(const ASN1_TIME *time, char *out, size_t room)
{
    const time_t seconds = (time_t)ph__certificate_time(time);
    struct tm broken_down;
    if (!gmtime_r(&seconds, &broken_down) ||
        strftime(out, room, "%Y-%m-%d %H:%M:%S UTC", &broken_down) == 0)
        (void)snprintf(out, room, "an unreadable date");
}

static const char *text_or(const char *text, const char *otherwise)
{
    return text && *text != '\0' ? text : otherwise;
}

static void explain_name(struct ph__tls_stream *tls, struct ph__error *error)
{
    char *names = ph__certificate_names(tls->allocator, tls->refused);
    ph__error_add(error,
                  "it is for %.600s and not for \"%s\"; connect to a name that it has, or set the "
                  "TLS host name to one",
                  text_or(names, "no name at all (a common name does not count)"), tls->hostname);
    ph__release(tls->allocator, names);
}

static void explain_issuer(struct ph__tls_stream *tls, struct ph__error *error)
{
    char *issuer = ph__certificate_issuer(tls->allocator, tls->culprit);
    ph__error_add(error,
                  "its issuer \"%.300s\" is not among the trust anchors; if you trust it, give its "
                  "certificate as CA file",
                  text_or(issuer, "?"));
    ph__release(tls->allocator, issuer);
}

static void explain_dates(struct ph__tls_stream *tls, bool is_over, struct ph__error *error)
{
    char date[64];
    date_text(is_over ? X509_get0_notAfter(tls->culprit) : X509_get0_notBefore(tls->culprit), date,
              sizeof date);
    ph__error_add(error,
                  is_over ? "it expired on %s; the server needs a new one (and this machine's "
                            "clock should be right)"
                          : "it is valid only from %s on; check this machine's clock",
                  date);
}

static void explain_code(const struct ph__tls_stream *tls, long code, struct ph__error *error)
{
    (void)tls;
    ph__error_add(error, "%s", X509_verify_cert_error_string(code));
}

static void explain_certificate(struct ph__tls_stream *tls, struct ph__error *error)
{
    const long code = tls->refused ? tls->verify_code : SSL_get_verify_result(tls->ssl);
    (void)ph__error_set(error, PH_ERR_CERTIFICATE, PH_PHASE_TLS,
                        "the certificate of %s was refused: ", tls->hostname);
    if (!tls->refused || !tls->culprit) {
        explain_code(tls, code, error);
        return;
    }
    switch (code) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        explain_name(tls, error);
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        explain_dates(tls, true, error);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        explain_dates(tls, false, error);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        ph__error_add(error, "it is self-signed; if you trust it, give it as CA file");
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        explain_issuer(tls, error);
        break;
    default:
        explain_code(tls, code, error);
        break;
    }
}

/* ---- Everything else ------------------------------------------------------------------------- */

static void explain_plain_text(struct ph__tls_stream *tls, struct ph__error *error)
{
    char shown[2 * ph__tls_first_bytes];
    size_t n = 0;
    while (n < tls->first_count && tls->first_bytes[n] != '\r' && tls->first_bytes[n] != '\n')
        n++;
    (void)ph__escape(shown, sizeof shown, tls->first_bytes, n);
    if (ph__looks_like_smtp(tls->first_bytes, tls->first_count))
        (void)ph__error_set(error, PH_ERR_TLS, PH_PHASE_TLS,
                            "%s answers TLS with plain SMTP (\"%s\"): this port does not have TLS "
                            "from the first byte; use STARTTLS on it (usual on 587 and 25), or the "
                            "port for TLS (465)",
                            tls->hostname, shown);
    else
        (void)ph__error_set(error, PH_ERR_TLS, PH_PHASE_TLS,
                            "%s answers TLS with something else (\"%s\"); check host and port",
                            tls->hostname, shown);
}

static bool is_about_version(int reason)
{
    return reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION ||
           reason == SSL_R_VERSION_TOO_LOW || reason == SSL_R_NO_PROTOCOLS_AVAILABLE ||
           reason == SSL_R_INAPPROPRIATE_FALLBACK;
}

void ph__tls_explain_handshake(struct ph__tls_stream *tls, unsigned long code,
                               struct ph__error *error)
{
    const int reason = ERR_GET_REASON(code);
    const char *text = ERR_reason_error_string(code);
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        explain_certificate(tls, error);
    else if (tls->first_count > 0 && !ph__looks_like_tls(tls->first_bytes, tls->first_count))
        explain_plain_text(tls, error);
    else if (tls->plain_ended)
        (void)ph__error_set(
            error, PH_ERR_TLS, PH_PHASE_TLS, "%s closed the connection during the TLS handshake%s",
            tls->hostname,
            tls->first_count == 0 ? "; perhaps this port has no TLS from the first byte" : "");
    else if (ERR_GET_LIB(code) == ERR_LIB_SSL && is_about_version(reason))
        (void)ph__error_set(error, PH_ERR_TLS, PH_PHASE_TLS,
                            "%s speaks no TLS version that is accepted here (%s or later): %s; the "
                            "server should be brought up to date",
                            tls->hostname, ph__tls_config_min_version_name(tls->config),
                            text ? text : "versions differ");
    else
        (void)ph__error_set(error, PH_ERR_TLS, PH_PHASE_TLS, "the TLS handshake with %s failed: %s",
                            tls->hostname, text ? text : "for no reason that OpenSSL would give");
}
