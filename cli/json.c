/* SPDX-License-Identifier: MIT */
/* What the command says as JSON: replies, errors, TLS. */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "printable.h"

json_t *json_text(const char *text)
{
    if (!text)
        return json_null();
    /* What is not UTF-8 is refused by json_string; what is, JSON can say as it is. */
    json_t *string = json_string(text);
    if (string)
        return string;
    char *safe = printable(text);
    string = safe ? json_string(safe) : NULL;
    free(safe);
    return string;
}

json_t *json_text_n(const char *text, size_t n)
{
    char *copy = strndup(text, n);
    json_t *string = copy ? json_text(copy) : NULL;
    free(copy);
    return string;
}

json_t *json_code(int code)
{
    return code == 0 ? json_null() : json_integer(code);
}

/* The lines of a reply, without their codes. */
static json_t *text_of(const ph_reply *reply)
{
    json_t *string = NULL;
    size_t room = 1;
    for (size_t i = 0; i < ph_reply_line_count(reply); i++)
        room += strlen(ph_reply_line(reply, i)) + 1;
    char *text = malloc(room);
    if (!text)
        return NULL;
    char *end = text;
    for (size_t i = 0; i < ph_reply_line_count(reply); i++)
        end += sprintf(end, "%s%s", i > 0 ? "\n" : "", ph_reply_line(reply, i));
    string = json_text(text);
    free(text);
    return string;
}

json_t *json_reply(const ph_reply *reply)
{
    if (!reply)
        return json_null();
    return json_pack("{s:i, s:o, s:o}", "code", ph_reply_code(reply), "enhanced",
                     json_text(ph_reply_enhanced_code(reply)), "text", text_of(reply));
}

json_t *json_recipient(const char *address, const ph_result *result, size_t index)
{
    const bool is_accepted =
        result && ph_result_recipient_state(result, index) == PH_RECIPIENT_ACCEPTED;
    json_t *object =
        json_pack("{s:o, s:b}", "address", json_text(address), "accepted", is_accepted);
    const ph_reply *reply = result ? ph_result_recipient_reply(result, index) : NULL;
    json_t *words =
        reply ? json_reply(reply) : json_pack("{s:n, s:n, s:n}", "code", "enhanced", "text");
    /* A failure to make either shows as an object that is not there. */
    const bool is_whole = words && json_object_update(object, words) == 0;
    json_decref(words);
    if (is_whole)
        return object;
    json_decref(object);
    return NULL;
}

json_t *json_error(const ph_error *error)
{
    if (!error)
        return json_null();
    json_t *errno_text =
        error->system_errno ? json_text(strerror(error->system_errno)) : json_null();
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "class",
                     ph_status_name(error->status), "phase", ph_phase_name(error->phase), "code",
                     json_code(error->reply_code), "enhanced", json_text(error->enhanced_code),
                     "text", json_text(error->message), "reply", json_text(error->reply_text),
                     "command", json_text(error->command), "system_errno",
                     json_code(error->system_errno), "system_error", errno_text);
}

json_t *json_tls(const ph_tls_info *tls)
{
    if (!tls)
        return json_null();
    return json_pack("{s:o, s:o, s:b}", "version", json_text(tls->version), "cipher",
                     json_text(tls->cipher), "verified", tls->verified);
}

json_t *json_server(const char *address, int port)
{
    char text[1200];
    const bool is_unix = strncmp(address, "unix:", 5) == 0;
    const bool is_bare_v6 = !is_unix && address[0] != '[' && strchr(address, ':');
    if (is_unix || port < 0)
        return json_text(address);
    (void)snprintf(text, sizeof text, is_bare_v6 ? "[%s]:%d" : "%s:%d", address, port);
    return json_text(text);
}

bool json_print(json_t *object)
{
    if (!object)
        return false;
    (void)json_dumpf(object, stdout, JSON_INDENT(2));
    (void)putchar('\n');
    json_decref(object);
    return true;
}
