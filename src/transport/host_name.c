/* SPDX-License-Identifier: MIT */
/* Host names as people write them, made into what name servers and certificates have. */
#include "transport/host_name.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <string.h>

#include "base/allocator.h"
#include "base/utf8.h"

bool ph__host_is_unix(const char *host)
{
    return strncmp(host, "unix:", 5) == 0;
}

bool ph__host_is_ip(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    char without_zone[INET6_ADDRSTRLEN];
    const size_t n = strcspn(host, "%");
    if (n >= sizeof without_zone)
        return false;
    memcpy(without_zone, host, n);
    without_zone[n] = '\0';
    return inet_pton(AF_INET, host, address) == 1 ||
           inet_pton(AF_INET6, without_zone, address) == 1;
}

static bool is_ascii(const char *text)
{
    /* char may be unsigned. */
    while (*text != '\0' && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

static int bad_host(struct ph__error *error, const char *host, const char *reason)
{
    char shown[200];
    (void)ph__escape(shown, sizeof shown, host, strlen(host));
    return ph__error_set(error, PH_ERR_ARGUMENT, PH_PHASE_RESOLVE,
                         "\"%s\" is no host name: %s; check the server's address", shown, reason);
}

static int international_to_ascii(const ph_allocator *allocator, const char *host, char **out,
                                  struct ph__error *error)
{
    uint8_t *ascii = NULL;
    const int code =
        idn2_lookup_u8((const uint8_t *)host, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (code == IDN2_MALLOC)
        return ph__error_set(error, PH_ERR_NO_MEMORY, PH_PHASE_RESOLVE, "out of memory");
    if (code != IDN2_OK)
        return bad_host(error, host, idn2_strerror(code));
    *out = ph__duplicate(allocator, (const char *)ascii);
    idn2_free(ascii);
    return *out ? PH_OK : ph__error_set(error, PH_ERR_NO_MEMORY, PH_PHASE_RESOLVE, "out of memory");
}

int ph__host_to_ascii(const ph_allocator *allocator, const char *host, char **out,
                      struct ph__error *error)
{
    const size_t n = strlen(host);
    const bool is_bracketed = n > 2 && host[0] == '[' && host[n - 1] == ']';
    *out = NULL;
    if (!ph__host_is_unix(host) && (host[0] == '.' || strstr(host, "..")))
        return bad_host(error, host, "it has an empty label");
    if (!is_ascii(host) && !ph__host_is_unix(host))
        return international_to_ascii(allocator, host, out, error);
    *out = is_bracketed ? ph__duplicate_bytes(allocator, host + 1, n - 2)
                        : ph__duplicate(allocator, host);
    if (!*out)
        return ph__error_set(error, PH_ERR_NO_MEMORY, PH_PHASE_RESOLVE, "out of memory");
    if (!is_bracketed || ph__host_is_ip(*out))
        return PH_OK;
    ph__release(allocator, *out);
    *out = NULL;
    return bad_host(error, host, "brackets hold an IP address");
}
