/* SPDX-License-Identifier: MIT */
/* The commands that have a file of their own; commands.c has their table and all the others. */
#ifndef SINK_VERBS_H
#define SINK_VERBS_H

#include "sink/session.h"

/* greeting.c */
void sink_helo(struct session *session, char *argument, struct bytes *output);
void sink_ehlo(struct session *session, char *argument, struct bytes *output);
void sink_starttls(struct session *session, char *argument, struct bytes *output);

/* auth.c */
void sink_auth(struct session *session, char *argument, struct bytes *output);

/* envelope.c */
void sink_mail(struct session *session, char *argument, struct bytes *output);
void sink_rcpt(struct session *session, char *argument, struct bytes *output);

/* content.c */
void sink_data(struct session *session, char *argument, struct bytes *output);
void sink_bdat(struct session *session, char *argument, struct bytes *output);

#endif
