/* SPDX-License-Identifier: MIT */
/* Memory through a caller's ph_allocator, with checked sizes. */
#ifndef PH_BASE_ALLOCATOR_H
#define PH_BASE_ALLOCATOR_H

#include <stddef.h>

#include <posthaste/allocator.h>

/** @return @p allocator, or the one over malloc and free if it is NULL */
const ph_allocator *ph__allocator_or_default(const ph_allocator *allocator);

/** @return @p size zeroed bytes, or NULL */
void *ph__allocate(const ph_allocator *allocator, size_t size);

/** Resizes an array of elements. @return the block, or NULL (too large, or no memory; @p block
 * stays) */
void *ph__reallocate_array(const ph_allocator *allocator, void *block, size_t count, size_t size);

/** NULL is allowed. */
void ph__release(const ph_allocator *allocator, void *block);

/** @return a copy of @p text, or NULL */
char *ph__duplicate(const ph_allocator *allocator, const char *text);

/** @return a copy of @p n bytes with a NUL behind them, or NULL */
char *ph__duplicate_bytes(const ph_allocator *allocator, const void *bytes, size_t n);

/**
 * Replaces the string in @p slot by a copy of @p text, or by NULL.
 * @return PH_OK, or PH_ERR_NO_MEMORY (nothing changes)
 */
int ph__replace_string(const ph_allocator *allocator, char **slot, const char *text);

#endif
