/* SPDX-License-Identifier: MIT */
/* Host names as people write them, made into what name servers and certificates have (RFC 5890). */
#ifndef PH_TRANSPORT_HOST_NAME_H
#define PH_TRANSPORT_HOST_NAME_H

#include <posthaste/allocator.h>

#include "base/error.h"

/**
 * Turns a host name into A-labels. IP addresses lose their brackets; "unix:PATH" passes.
 * @param out  receives the name; released by ph__release
 * @return PH_OK, PH_ERR_ARGUMENT (no host name), PH_ERR_NO_MEMORY
 */
int ph__host_to_ascii(const ph_allocator *allocator, const char *host, char **out,
                      struct ph__error *error);

/** @return @p host is "unix:PATH" */
bool ph__host_is_unix(const char *host);

/** @return @p host is an IPv4 or IPv6 address, perhaps with a zone */
bool ph__host_is_ip(const char *host);

#endif
