/* SPDX-License-Identifier: MIT */
/*
 * A Maildir of messages. Each file begins with lines of the sink's own, ended by CRLF:
 *
 *     Return-Path: <a@example.org>
 *     Delivered-To: b@example.net                      one for each recipient that was accepted
 *     X-Posthaste-Envelope: FROM:<a@example.org> SIZE=10 BODY=8BITMIME; TO:<b@example.net>
 *     Received: from client.example.org by posthaste-sink with ESMTPSA (TLSv1.3, user u); DATE
 *
 * X-Posthaste-Envelope is the arguments of MAIL and of each accepted RCPT with their parameters, on
 * one line however long. Behind Received, always the last, comes the content byte for byte as it
 * was sent, the dots of its transport removed.
 */
#ifndef SINK_MAILDIR_H
#define SINK_MAILDIR_H

#include <stdbool.h>
#include <stdio.h>

#include "sink/message.h"

/** Makes its folders where they are missing. @return true, or false with a complaint to @p err */
bool sink_maildir_make(const char *path, FILE *err);

/** @return the message is in new/ and on disk, or false with a complaint to @p err */
bool sink_maildir_keep(const char *path, struct message *message, const struct client_facts *facts,
                       FILE *err);

#endif
