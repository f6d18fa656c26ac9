/* SPDX-License-Identifier: MIT */
/* base64 (RFC 4648 section 4) without line breaks, as SASL in SMTP uses it; coded by OpenSSL. */
#include "base/base64.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/evp.h>

#include <posthaste/error.h>

int ph__base64_encode(struct ph__buffer *out, const void *bytes, size_t n)
{
    if (n > INT_MAX / 2)
        return PH_ERR_ARGUMENT;
    /* EVP_EncodeBlock writes a NUL behind its text. */
    const int status = ph__buffer_reserve(out, (n + 2) / 3 * 4 + 1);
    if (status != PH_OK)
        return status;
    const int length = EVP_EncodeBlock(out->bytes + out->length, bytes, (int)n);
    out->length += (uint32_t)length;
    return PH_OK;
}

/* EVP_DecodeBlock trims blanks and takes padding anywhere; RFC 4648 section 3.3 wants neither. */
static bool is_base64(const char *text, size_t n)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (n % 4 != 0)
        return false;
    size_t letters = n;
    while (letters > 0 && n - letters < 2 && text[letters - 1] == '=')
        letters--;
    for (size_t i = 0; i < letters; i++) {
        if (!memchr(alphabet, text[i], sizeof alphabet - 1))
            return false;
    }
    return true;
}

int ph__base64_decode(struct ph__buffer *out, const char *text, size_t n)
{
    if (n == 0)
        return PH_OK;
    if (n > INT_MAX || !is_base64(text, n))
        return PH_ERR_PROTOCOL;
    const int status = ph__buffer_reserve(out, n / 4 * 3);
    if (status != PH_OK)
        return status;
    const int length =
        EVP_DecodeBlock(out->bytes + out->length, (const unsigned char *)text, (int)n);
    if (length < 0)
        return PH_ERR_PROTOCOL;
    const size_t padding = (size_t)(text[n - 1] == '=') + (size_t)(text[n - 2] == '=');
    out->length += (uint32_t)length - (uint32_t)padding;
    return PH_OK;
}
