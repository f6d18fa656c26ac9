/* SPDX-License-Identifier: MIT */
/* Wiping of secrets in a way that the compiler keeps. */
#include "base/secure_wipe.h"

#include <string.h>

#include <openssl/crypto.h>

#include "base/allocator.h"

void ph__wipe(void *bytes, size_t n)
{
    if (n == 0)
        return;
#ifdef POSTHASTE_HAS_EXPLICIT_BZERO
    explicit_bzero(bytes, n);
#else
    OPENSSL_cleanse(bytes, n);
#endif
}

void ph__release_secret(const ph_allocator *allocator, char **slot)
{
    if (*slot)
        ph__wipe(*slot, strlen(*slot));
    ph__release(allocator, *slot);
    *slot = NULL;
}
