/* SPDX-License-Identifier: MIT */
/*
 * ph_allocator: the memory functions that an object uses. Given when an object is made,
 * never process-wide; objects made from an object inherit its allocator.
 */
#ifndef POSTHASTE_ALLOCATOR_H
#define POSTHASTE_ALLOCATOR_H

#include <stddef.h>

#include <posthaste/api.h>

PH_BEGIN_DECLS

/**
 * Memory functions of the caller. All three are needed. They are called on the thread that uses
 * the object, and must behave as malloc, realloc and free do, with @c user_data handed through.
 *
 * They cover what posthaste itself allocates. OpenSSL, GNU SASL and c-ares have allocators of
 * their own and are not covered.
 */
typedef struct ph_allocator {
    void *(*allocate)(size_t size, void *user_data);
    void *(*reallocate)(void *block, size_t size, void *user_data);
    void (*release)(void *block, void *user_data);
    void *user_data;
} ph_allocator;

PH_END_DECLS

#endif
