/* SPDX-License-Identifier: MIT */
/* Wiping of secrets in a way that the compiler keeps. */
#ifndef PH_BASE_SECURE_WIPE_H
#define PH_BASE_SECURE_WIPE_H

#include <stddef.h>

#include <posthaste/allocator.h>

/** Overwrites @p n bytes. NULL is allowed if @p n is 0. */
void ph__wipe(void *bytes, size_t n);

/** Wipes and releases a string in @p slot, which becomes NULL. */
void ph__release_secret(const ph_allocator *allocator, char **slot);

#endif
