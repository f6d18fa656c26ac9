/* SPDX-License-Identifier: MIT */
/* What `posthaste send` tells of what became of a message: in lines, or as one JSON object. */
#ifndef CLI_SEND_REPORT_H
#define CLI_SEND_REPORT_H

#include <posthaste/message.h>
#include <posthaste/tls.h>

#include "command.h"

struct send_report {
    const char *address;
    int port;
    const struct option_texts *recipients;
    bool has_tls;
    char tls_version[32];
    char tls_cipher[128];
    bool tls_verified;
    char notice[600];        /* "" if there is none */
    const ph_result *result; /* NULL: it did not get as far as a message */
    const ph_error *error;   /* NULL: sent */
};

/** Keeps what a session agreed on, which is forgotten when the session ends. */
void send_report_note_tls(struct send_report *report, const ph_tls_info *tls);

/** Prints a line for each recipient and one for the message. */
void send_report_print(const struct send_report *report);

/** Prints the JSON object. @return it could be made */
bool send_report_print_json(const struct send_report *report);

#endif
