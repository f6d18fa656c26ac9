/* SPDX-License-Identifier: MIT */
/*
 * TLS sessions of one server, to be resumed (RFC 8446 section 2.2): a handshake with one costs
 * neither certificates nor signatures. They live in the settings that they were made under, and go
 * when those change; what is sent to one name is never offered to another.
 */
#ifndef PH_TRANSPORT_TLS_SESSIONS_H
#define PH_TRANSPORT_TLS_SESSIONS_H

#include <stdbool.h>

#include <openssl/ssl.h>

enum {
    ph__tls_sessions_max = 8, /* as many connections may begin at once */
    ph__tls_hostname_max = 255
};

/* All zeros: none. The last one kept is the first one used. */
struct ph__tls_sessions {
    SSL_SESSION *kept[ph__tls_sessions_max];
    size_t count;
    char hostname[ph__tls_hostname_max + 1];
};

/** Keeps a session with a server of that name; takes it over. */
void ph__tls_sessions_keep(struct ph__tls_sessions *sessions, const char *hostname,
                           SSL_SESSION *session);

/** Has a connection that begins resume a session with that name, if there is one that is still
 * good. A session is used once (RFC 8446 appendix C.4). */
void ph__tls_sessions_use(struct ph__tls_sessions *sessions, const char *hostname, SSL *ssl);

void ph__tls_sessions_forget(struct ph__tls_sessions *sessions);

#endif
