/* SPDX-License-Identifier: MIT */
/* What the sink was told to do otherwise: refuse, delay, drop, leave out. */
#ifndef SINK_RULES_H
#define SINK_RULES_H

#include <stdbool.h>
#include <stdio.h>

#include "sink/sink.h"

/** @return the options' lists are well-formed; complains to @p err if not */
bool sink_rules_check(const struct ph_sink_options *options, FILE *err);

/** @return the reply that @p command must get, as it was given, or NULL */
const char *sink_rules_reply(const struct ph_sink_options *options, const char *command);

/** @return there is such a reply, and it is none of success (354 for DATA, 220 for STARTTLS) */
bool sink_rules_refuse(const struct ph_sink_options *options, const char *command);

/** @return how many milliseconds the reply to @p command waits */
unsigned sink_rules_delay_ms(const struct ph_sink_options *options, const char *command);

/** @return the connection is closed instead of a reply to @p command */
bool sink_rules_drop(const struct ph_sink_options *options, const char *command);

/** @return mail from or to @p mailbox is refused */
bool sink_rules_reject(const struct ph_sink_options *options, const char *mailbox);

/** @return @p extension is offered and understood; AUTH only if somebody can log in */
bool sink_rules_offer(const struct ph_sink_options *options, const char *extension);

#endif
