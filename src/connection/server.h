/* SPDX-License-Identifier: MIT */
/*
 * The settings behind a ph_server: the one place where it is kept how to talk to a server. A
 * blocking client has one of its own, which is never frozen.
 */
#ifndef PH_CONNECTION_SERVER_H
#define PH_CONNECTION_SERVER_H

#include <stddef.h>

#include <posthaste/server.h>
#include <posthaste/smtp.h>

#include "auth/mechanism_table.h"
#include "base/error.h"
#include "protocol/session.h"

/* 0 is no limit. May change while a connection is open. */
struct ph__time_limits {
    uint32_t open_ms;
    uint32_t read_ms;
    uint32_t write_ms;
    uint32_t reply_ms;
};

/* Who logs in on every connection. The secret is wiped when it is let go. */
struct ph__server_login {
    char *user; /* NULL: nobody */
    char *secret;
    char *authtype; /* NULL: PLAIN */
};

struct ph_server {
    ph_allocator own_allocator;
    const ph_allocator *allocator;
    size_t user_count;
    bool is_frozen;
    bool is_of_client; /* a part of a ph_smtp, which alone uses it: never frozen, nor freed */

    char *address;
    int port; /* as given, 0 being 25 */
    char *bind_address;
    const char *name_servers; /* borrowed; NULL: the system's; for tests */
    ph_dial_fn dial;          /* NULL: dial here */
    void *dial_data;

    bool tls; /* from the first byte; STARTTLS gives way to it */
    ph_starttls starttls;
    ph_tls_config *tls_config;

    char *helo; /* NULL: localhost */
    bool esmtp;
    bool allows_plaintext_auth;
    char *authorization_id;
    struct ph__server_login login;
    struct ph__mechanism_table mechanisms;

    struct ph__time_limits limits;
    struct ph__trace trace;

    unsigned features;         /* as set */
    unsigned stalled_features; /* of them, those that a connection fell silent with */
    uint64_t stalled_at_ms;    /* the last time */
    uint32_t window;
    uint64_t window_bytes;

    ph_capabilities *last_capabilities;       /* as the last connection was told; NULL: none was */
    struct ph__session_config session_config; /* of all connections */
};

/**
 * Makes a server within another object, with one user.
 * @return as ph_server_new; ph__server_release is allowed, and needed, in any case
 */
int ph__server_init(ph_server *server, const char *address, int port,
                    const ph_allocator *allocator);

/** A connection fell silent with these features in use: those that follow go without, for as long
 * as ph_server_features says. */
void ph__server_note_stall(ph_server *server, unsigned features, uint64_t now_ms);

/** @return what a connection that begins now may use */
unsigned ph__server_features_at(ph_server *server, uint64_t now_ms);

/** Lets go of what a server holds, but not of itself. */
void ph__server_release(ph_server *server);

/** The first use: nothing of it, its TLS settings included, may be changed from now on. */
void ph__server_freeze(ph_server *server);

/** Another user, who gives it up with ph_server_free. */
void ph__server_retain(ph_server *server);

/** @return the port to connect to, if @p user (NULL: nobody) logs in */
int ph__server_port_for(const ph_server *server, const char *user);

/** @return the name for EHLO and HELO */
const char *ph__server_helo(const ph_server *server);

#endif
