/* SPDX-License-Identifier: MIT */
/* Logging in: which mechanism it is to be, and whether it may be used here. */
#include "auth/credentials.h"
#include "connection/connection_state.h"

static bool is_offered(const char *name, void *user_data)
{
    return ph_capabilities_has_auth(user_data, name);
}

static const ph_mechanism *best_mechanism(const ph_connection *connection, bool secret_is_safe)
{
    /* The callback only asks; const is lost on the way through void *. */
    void *capabilities = (void *)(uintptr_t)ph__session_capabilities(connection->session);
    return ph__mechanism_choose(&connection->server->mechanisms, is_offered, capabilities,
                                secret_is_safe);
}

static int fail_without_mechanism(const ph_connection *connection, bool secret_is_safe,
                                  struct ph__error *error)
{
    const char *address = connection->server->address;
    const char *offered =
        ph_capabilities_parameters(ph__session_capabilities(connection->session), "AUTH");
    if (!secret_is_safe && best_mechanism(connection, true))
        return ph__error_set(
            error, PH_ERR_INSECURE, PH_PHASE_AUTH,
            "the password was not sent: %s offers only mechanisms that show it "
            "(%s), and the connection has no TLS; use TLS, or allow plaintext AUTH "
            "for this session",
            address, offered);
    return ph__error_set(
        error, PH_ERR_UNSUPPORTED, PH_PHASE_AUTH,
        "%s offers no mechanism to log in with a password (it offers: %s)%s", address,
        offered && *offered ? offered : "none",
        ph__session_is_secure(connection->session) ? "" : "; perhaps it does after STARTTLS");
}

int ph__connection_log_in(ph_connection *connection, const ph_mechanism *mechanism,
                          const char *user, const char *secret, struct ph__error *error)
{
    const ph_server *server = connection->server;
    const bool allows_plaintext = server->allows_plaintext_auth || connection->is_local;
    const bool is_safe = allows_plaintext || ph__session_is_secure(connection->session);
    if (!mechanism)
        mechanism = best_mechanism(connection, is_safe);
    if (!mechanism)
        return fail_without_mechanism(connection, is_safe, error);
    const struct ph__login login = {
        .mechanism = mechanism,
        .credentials = {.authorization_id = server->authorization_id,
                        .user = user,
                        .secret = secret,
                        .host = server->address},
        .allows_plaintext = allows_plaintext,
    };
    const int status = ph__session_authenticate(connection->session, &login);
    if (status != PH_OK)
        ph__error_copy(error, ph__session_error(connection->session));
    return status;
}

int ph__connection_log_in_as_set(ph_connection *connection)
{
    const ph_server *server = connection->server;
    const struct ph__server_login *login = &server->login;
    const ph_mechanism *mechanism;
    /* Found anew: it may have been replaced since the login was set. */
    const int status = ph__credentials_check(&server->mechanisms, login->user, login->secret,
                                             login->authtype, &mechanism, &connection->error);
    if (status != PH_OK)
        return status;
    return ph__connection_log_in(connection, mechanism, login->user, login->secret,
                                 &connection->error);
}
