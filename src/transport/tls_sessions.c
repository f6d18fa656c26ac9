/* SPDX-License-Identifier: MIT */
#include "transport/tls_sessions.h"

#include <string.h>
#include <time.h>

enum {
    lifetime_max = 3600 /* seconds; what was checked at the beginning is checked again then */
};

void ph__tls_sessions_forget(struct ph__tls_sessions *sessions)
{
    while (sessions->count > 0)
        SSL_SESSION_free(sessions->kept[--sessions->count]);
    sessions->hostname[0] = '\0';
}

void ph__tls_sessions_keep(struct ph__tls_sessions *sessions, const char *hostname,
                           SSL_SESSION *session)
{
    if (strcmp(sessions->hostname, hostname) != 0) {
        ph__tls_sessions_forget(sessions);
        if (strlen(hostname) > ph__tls_hostname_max) {
            SSL_SESSION_free(session);
            return;
        }
        memcpy(sessions->hostname, hostname, strlen(hostname) + 1);
    }
    if (sessions->count == ph__tls_sessions_max) {
        SSL_SESSION_free(sessions->kept[0]);
        sessions->count--;
        for (size_t i = 0; i < sessions->count; i++)
            sessions->kept[i] = sessions->kept[i + 1];
    }
    sessions->kept[sessions->count++] = session;
}

/* A resumed handshake shows no certificate: the one of the first must not have run out since. */
static bool is_good(const SSL_SESSION *session)
{
    X509 *certificate = SSL_SESSION_get0_peer((SSL_SESSION *)(uintptr_t)session);
    const long age = (long)time(NULL) - (long)SSL_SESSION_get_time(session);
    return SSL_SESSION_is_resumable(session) == 1 && age >= 0 && age < lifetime_max &&
           (!certificate || X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0);
}

void ph__tls_sessions_use(struct ph__tls_sessions *sessions, const char *hostname, SSL *ssl)
{
    if (strcmp(sessions->hostname, hostname) != 0)
        return;
    bool is_set = false;
    while (sessions->count > 0 && !is_set) {
        SSL_SESSION *session = sessions->kept[--sessions->count];
        is_set = is_good(session) && SSL_set_session(ssl, session) == 1;
        SSL_SESSION_free(session);
    }
}
