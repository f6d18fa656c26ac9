/* SPDX-License-Identifier: MIT */
/*
 * Where a password comes from: a file, a command's output, or the environment; never the command
 * line, which every process on a machine can read.
 */
#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

#include "problem.h"

enum {
    password_max = 9000 /* as much as AUTH can carry; tokens are long */
};

struct password_options {
    const char *file;
    const char *command;
};

/** Wiped with password_wipe as soon as it has been used. */
struct password {
    char text[password_max + 1];
};

/**
 * Gets the password: the first line of the file or of the command's output, or POSTHASTE_PASSWORD.
 * @return NULL, or why there is none
 */
const ph_error *password_get(const struct password_options *options, struct password *password,
                             struct problem *problem);

void password_wipe(struct password *password);

#endif
