/* SPDX-License-Identifier: MIT */
/* What `posthaste probe` found out, as JSON. */
#include "probe.h"

#include "json.h"

static json_t *capabilities_object(const ph_capabilities *capabilities)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < ph_capabilities_count(capabilities); i++) {
        const char *keyword = ph_capabilities_keyword(capabilities, i);
        json_t *parameters = json_text(ph_capabilities_parameters(capabilities, keyword));
        /* A keyword that is not UTF-8 is none that a program could ask for. */
        (void)json_object_set_new(object, keyword, parameters);
    }
    return object;
}

static json_t *mechanisms_array(const ph_capabilities *capabilities)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < ph_capabilities_auth_count(capabilities); i++)
        (void)json_array_append_new(array, json_text(ph_capabilities_auth(capabilities, i)));
    return array;
}

static json_t *session_object(const ph_smtp *smtp)
{
    if (!smtp)
        return json_null();
    const ph_capabilities *capabilities = ph_smtp_capabilities(smtp);
    const ph_reply *reply = ph_smtp_reply(smtp);
    uint64_t limit;
    json_t *size = probe_size_limit(smtp, &limit) ? json_integer((json_int_t)limit) : json_null();
    return json_pack("{s:o, s:o, s:o, s:o}", "name",
                     json_text(reply ? ph_reply_line(reply, 0) : NULL), "capabilities",
                     capabilities_object(capabilities), "mechanisms",
                     mechanisms_array(capabilities), "size_limit", size);
}

/* ---- TLS ------------------------------------------------------------------------------------- */

static json_t *time_text(int64_t seconds)
{
    char text[40];
    probe_write_time(text, sizeof text, seconds);
    return json_text(text);
}

static json_t *certificate_object(const ph_certificate *certificate)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "subject", json_text(certificate->subject),
                     "issuer", json_text(certificate->issuer), "names",
                     json_text(certificate->names), "not_before",
                     time_text(certificate->not_before), "not_after",
                     time_text(certificate->not_after), "sha256", json_text(certificate->sha256));
}

static json_t *chain_array(const ph_tls_info *tls)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < tls->chain_length; i++)
        (void)json_array_append_new(array, certificate_object(&tls->chain[i]));
    return array;
}

static json_t *tls_object(const struct probe *probe)
{
    const ph_smtp *secure = probe_started(probe->secure);
    const ph_tls_info *tls = secure ? ph_smtp_tls_info(secure) : NULL;
    if (!tls)
        return json_null();
    return json_pack("{s:s, s:o, s:o, s:o, s:b, s:o, s:o}", "mode",
                     probe->is_implicit ? "implicit" : "starttls", "version",
                     json_text(tls->version), "cipher", json_text(tls->cipher), "hostname",
                     json_text(tls->hostname), "acceptable", tls->verify_error == NULL, "refusal",
                     json_text(tls->verify_error), "chain", chain_array(tls));
}

bool probe_print_json(const struct probe *probe)
{
    const ph_smtp *any = probe->secure ? probe->secure : probe->plain;
    return json_print(json_pack(
        "{s:o, s:b, s:o, s:o, s:o, s:o}", "server",
        json_server(ph_smtp_address(any), ph_smtp_port(any)), "reachable",
        probe_best(probe) != NULL, "before_tls", session_object(probe_started(probe->plain)), "tls",
        tls_object(probe), "after_tls", session_object(probe_started(probe->secure)), "error",
        json_error(probe->error)));
}
