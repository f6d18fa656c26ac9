/* SPDX-License-Identifier: MIT */
/* The raw writer without TLS. */
#include "job.h"
#include "raw_tls.h"

struct raw_tls *raw_tls_connect(int fd, const char *cafile)
{
    (void)fd;
    (void)cafile;
    job_fail("raw_plain", "has no TLS");
}

void raw_tls_free(struct raw_tls *tls)
{
    (void)tls;
}

ssize_t raw_tls_read(struct raw_tls *tls, char *room, size_t size)
{
    (void)tls;
    (void)room;
    (void)size;
    return -1;
}

ssize_t raw_tls_write(struct raw_tls *tls, const char *bytes, size_t n)
{
    (void)tls;
    (void)bytes;
    (void)n;
    return -1;
}
