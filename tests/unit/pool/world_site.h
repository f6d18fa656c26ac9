/* SPDX-License-Identifier: MIT */
/* What a world asks of its sites: for world.c alone. */
#ifndef TESTS_UNIT_POOL_WORLD_SITE_H
#define TESTS_UNIT_POOL_WORLD_SITE_H

#include "unit/pool/world.h"

/** Makes site number @p i, which there is room for. */
void world_site_begin(struct world *world, size_t i);

/** Reads what visitors said, and answers. @return something happened */
bool world_site_serve(const struct site *site);

/** @return @p block, which must not be NULL */
static inline void *world_must(void *block)
{
    assert_non_null(block);
    return block;
}

#endif
