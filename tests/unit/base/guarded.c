/* SPDX-License-Identifier: MIT */
/* Input in a block that ends where reading is forbidden. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#define _DARWIN_C_SOURCE
#include "unit/base/guarded.h"

#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

#include "unit/base/test.h"

void guarded_init(struct guarded *guarded, const void *bytes, size_t n)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t readable = (n + page - 1) / page * page;
    guarded->n_pages_bytes = readable + page;
    guarded->pages = mmap(NULL, guarded->n_pages_bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(guarded->pages, MAP_FAILED);
    uint8_t *fence = (uint8_t *)guarded->pages + readable;
    assert_int_equal(mprotect(fence, page, PROT_NONE), 0);
    guarded->bytes = fence - n;
    guarded->n = n;
    if (n > 0)
        memcpy(guarded->bytes, bytes, n);
}

void guarded_release(struct guarded *guarded)
{
    assert_int_equal(munmap(guarded->pages, guarded->n_pages_bytes), 0);
}
