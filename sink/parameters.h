/* SPDX-License-Identifier: MIT */
/* The parameters behind the path of MAIL and RCPT (RFC 5321 section 4.1.2 and each extension's). */
#ifndef SINK_PARAMETERS_H
#define SINK_PARAMETERS_H

#include <stdbool.h>

#include "sink/sink.h"

enum parameters_of {
    PARAMETERS_OF_MAIL,
    PARAMETERS_OF_RCPT
};

/** @return the reply to the first one that is unknown, malformed, twice there or too large a SIZE,
 *          or NULL */
const char *sink_parameters_problem(const struct ph_sink_options *options,
                                    enum parameters_of command, const char *parameters);

/** @return @p keyword is among them, with a value or without */
bool sink_parameters_have(const char *parameters, const char *keyword);

#endif
