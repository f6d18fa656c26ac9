/* SPDX-License-Identifier: MIT */
/* What is asked of user, secret and mechanism before anything is opened (Net::SMTP's checks). */
#include "auth/credentials.h"

#include <stddef.h>
#include <string.h>

#include "base/utf8.h"

static int refuse_type(const struct ph__mechanism_table *table, const char *authtype,
                       struct ph__error *error)
{
    char shown[128];
    (void)ph__escape(shown, sizeof shown, authtype, strlen(authtype));
    (void)ph__error_set(error, PH_ERR_ARGUMENT, PH_PHASE_AUTH,
                        "wrong authentication type \"%s\": known are ", shown);
    for (size_t i = 0; i < table->n_rows; i++)
        ph__error_add(error, "%s%s", i > 0 ? ", " : "", table->rows[i].mechanism.name);
    return PH_ERR_ARGUMENT;
}

/* what: "user name" or "secret phrase", the words of Net::SMTP */
static int check_text(const char *text, const char *what, bool is_strict, struct ph__error *error)
{
    if (!text || (is_strict && text[0] == '\0'))
        return ph__error_set(error, PH_ERR_ARGUMENT, PH_PHASE_AUTH,
                             "SMTP-AUTH requested but missing %s", what);
    if (is_strict && strpbrk(text, "\r\n"))
        return ph__error_set(error, PH_ERR_ARGUMENT, PH_PHASE_AUTH,
                             "the %s contains a line end (CR or LF); if it was read from a file, "
                             "remove the line end",
                             what);
    return PH_OK;
}

int ph__credentials_check(const struct ph__mechanism_table *table, const char *user,
                          const char *secret, const char *authtype, const ph_mechanism **found,
                          struct ph__error *error)
{
    const char *name = authtype ? authtype : "PLAIN";
    const bool is_auto = ph__mechanism_name_equals(name, "AUTO");
    *found = is_auto ? NULL : ph__mechanism_find(table, name);
    if (!*found && !is_auto)
        return refuse_type(table, name, error);
    const bool is_strict = is_auto || ph__mechanism_is_builtin(table, *found);
    const int status = check_text(user, "user name", is_strict, error);
    if (status != PH_OK)
        return status;
    return check_text(secret, "secret phrase", is_strict, error);
}

bool ph__credentials_name_another(const ph_credentials *credentials)
{
    const char *id = credentials->authorization_id;
    return id && id[0] != '\0' && strcmp(id, credentials->user) != 0;
}
