/* SPDX-License-Identifier: MIT */
/* Memory through a caller's ph_allocator, with checked sizes. */
#include "base/allocator.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <posthaste/error.h>

static void *system_allocate(size_t size, void *user_data)
{
    (void)user_data;
    return malloc(size);
}

static void *system_reallocate(void *block, size_t size, void *user_data)
{
    (void)user_data;
    return realloc(block, size);
}

static void system_release(void *block, void *user_data)
{
    (void)user_data;
    free(block);
}

static const ph_allocator system_allocator = {system_allocate, system_reallocate, system_release,
                                              NULL};

const ph_allocator *ph__allocator_or_default(const ph_allocator *allocator)
{
    return allocator ? allocator : &system_allocator;
}

void *ph__allocate(const ph_allocator *allocator, size_t size)
{
    void *block = allocator->allocate(size, allocator->user_data);
    if (block)
        memset(block, 0, size);
    return block;
}

void *ph__reallocate_array(const ph_allocator *allocator, void *block, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return allocator->reallocate(block, count * size, allocator->user_data);
}

void ph__release(const ph_allocator *allocator, void *block)
{
    if (block)
        allocator->release(block, allocator->user_data);
}

char *ph__duplicate(const ph_allocator *allocator, const char *text)
{
    return ph__duplicate_bytes(allocator, text, strlen(text));
}

char *ph__duplicate_bytes(const ph_allocator *allocator, const void *bytes, size_t n)
{
    char *copy = ph__allocate(allocator, n + 1);
    if (copy && n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

int ph__replace_string(const ph_allocator *allocator, char **slot, const char *text)
{
    char *copy = NULL;
    if (text) {
        copy = ph__duplicate(allocator, text);
        if (!copy)
            return PH_ERR_NO_MEMORY;
    }
    ph__release(allocator, *slot);
    *slot = copy;
    return PH_OK;
}
