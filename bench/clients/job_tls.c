/* SPDX-License-Identifier: MIT */
#include "job_tls.h"

#include "job.h"

SSL_CTX *job_tls_context(const char *cafile)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx || !cafile || SSL_CTX_load_verify_file(ctx, cafile) != 1)
        job_fail("BENCH_CAFILE", "names no certificate");
    return ctx;
}
