/* SPDX-License-Identifier: MIT */
/* What is to be read in a certificate, as text. */
#include "transport/certificate.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/allocator.h"
#include "base/buffer.h"
#include "base/format.h"
#include "base/utf8.h"

/* A certificate comes from a stranger: its texts are bounded, and escaped before they are kept. */
enum {
    names_max = 8 * 1024,
    text_max = 2 * 1024
};

/*
 * As ph__escape, but on one line: LF becomes \n. Backslashes that a name has because RFC 2253
 * escapes with them are not doubled.
 */
static size_t escape_line(char *out, size_t room, const void *bytes, size_t n, bool has_backslashes)
{
    const uint8_t *in = bytes;
    size_t written = 0;
    for (size_t i = 0; i < n;) {
        char piece[4 * 4 + 1]; /* each byte of a character as \xHH */
        const size_t sequence = ph__utf8_sequence(in + i, n - i);
        const size_t used = sequence > 0 ? sequence : 1;
        size_t length = ph__escape(piece, sizeof piece, in + i, used);
        if (in[i] == '\n')
            length = ph__format(piece, sizeof piece, "\\n");
        else if (in[i] == '\\' && has_backslashes)
            length = 1;
        if (written + length + 1 > room)
            break;
        memcpy(out + written, piece, length);
        written += length;
        i += used;
    }
    out[written] = '\0';
    return written;
}

static char *name_text(const ph_allocator *allocator, const X509_NAME *name)
{
    char *text = NULL;
    char *bytes;
    BIO *memory = BIO_new(BIO_s_mem());
    if (!memory)
        return NULL;
    if (X509_NAME_print_ex(memory, name, 0,
                           XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
        const long n = BIO_get_mem_data(memory, &bytes);
        char shown[text_max];
        const size_t length = escape_line(shown, sizeof shown, bytes, n > 0 ? (size_t)n : 0, true);
        text = ph__duplicate_bytes(allocator, shown, length);
    }
    BIO_free(memory);
    return text;
}

char *ph__certificate_subject(const ph_allocator *allocator, const X509 *certificate)
{
    return name_text(allocator, X509_get_subject_name(certificate));
}

char *ph__certificate_issuer(const ph_allocator *allocator, const X509 *certificate)
{
    return name_text(allocator, X509_get_issuer_name(certificate));
}

static int append_name(struct ph__buffer *names, const void *bytes, size_t n)
{
    char shown[2 + text_max] = ", ";
    const size_t length = 2 + escape_line(shown + 2, text_max, bytes, n, false);
    const size_t skipped = names->length > 0 ? 0 : 2;
    return ph__buffer_append(names, shown + skipped, length - skipped);
}

static int append_general_name(struct ph__buffer *names, const GENERAL_NAME *name)
{
    char text[INET6_ADDRSTRLEN];
    if (name->type == GEN_DNS)
        return append_name(names, ASN1_STRING_get0_data(name->d.dNSName),
                           (size_t)ASN1_STRING_length(name->d.dNSName));
    if (name->type != GEN_IPADD)
        return PH_OK;
    const int family = ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6;
    if (family == AF_INET6 && ASN1_STRING_length(name->d.iPAddress) != 16)
        return PH_OK;
    if (!inet_ntop(family, ASN1_STRING_get0_data(name->d.iPAddress), text, sizeof text))
        return PH_OK;
    return append_name(names, text, strlen(text));
}

static int append_alternative_names(struct ph__buffer *names, const X509 *certificate)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int status = PH_OK;
    for (int i = 0; i < sk_GENERAL_NAME_num(all) && status == PH_OK; i++)
        status = append_general_name(names, sk_GENERAL_NAME_value(all, i));
    GENERAL_NAMES_free(all);
    return status;
}

char *ph__certificate_names(const ph_allocator *allocator, const X509 *certificate)
{
    struct ph__buffer names;
    ph__buffer_init(&names, allocator, names_max);
    const int status = append_alternative_names(&names, certificate);
    char *text = NULL;
    if (status != PH_ERR_NO_MEMORY) /* more names than fit are cut */
        text = ph__duplicate_bytes(allocator, names.bytes, names.length);
    ph__buffer_release(&names);
    return text;
}

char *ph__certificate_sha256(const ph_allocator *allocator, const X509 *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (X509_digest(certificate, EVP_sha256(), digest, &n) != 1)
        return NULL;
    char *text = ph__allocate(allocator, 2 * (size_t)n + 1);
    for (unsigned i = 0; text && i < n; i++)
        (void)snprintf(text + 2 * (size_t)i, 3, "%02x", digest[i]);
    return text;
}

int64_t ph__certificate_time(const ASN1_TIME *time)
{
    int days = 0;
    int seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    if (epoch)
        (void)ASN1_TIME_diff(&days, &seconds, epoch, time);
    ASN1_TIME_free(epoch);
    return (int64_t)days * 86400 + seconds;
}
