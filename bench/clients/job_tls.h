/* SPDX-License-Identifier: MIT */
/* TLS of clients that are handed a context of OpenSSL. */
#ifndef BENCH_JOB_TLS_H
#define BENCH_JOB_TLS_H

#include <openssl/ssl.h>

/** @return OpenSSL as it is, which trusts what is in @p cafile and nothing else; the caller frees
 * it. Ends the program where there is no such file. */
SSL_CTX *job_tls_context(const char *cafile);

#endif
