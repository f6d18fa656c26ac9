/* SPDX-License-Identifier: MIT */
/*
 * ph_address: a mailbox with the ESMTP parameters that go with it in MAIL or RCPT
 * (RFC 5321 sections 4.1.2 and 4.1.1.11), Net::SMTP's Address.
 */
#ifndef POSTHASTE_ADDRESS_H
#define POSTHASTE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include <posthaste/allocator.h>
#include <posthaste/api.h>

PH_BEGIN_DECLS

/** The longest mailbox that is taken, in bytes: a path of RFC 5321 has 256, UTF-8 may need more. */
#define PH_ADDRESS_MAX 1000

typedef struct ph_address ph_address;

/**
 * Checks and copies a mailbox.
 *
 * @param mailbox  "b@example.org", a local part alone ("postmaster"), or "" or NULL for the null
 *                 sender. One pair of surrounding angle brackets is removed. Quoted local parts
 *                 ("a b"@example.org) and address literals (a@[192.0.2.1]) are allowed; blanks,
 *                 brackets and control bytes outside quotes, and bytes that are not UTF-8, are not.
 *                 At most PH_ADDRESS_MAX bytes.
 * @param allocator  memory functions, or NULL for malloc and free; copied
 * @param out  receives the new object; the caller frees it with ph_address_free
 * @return PH_OK, PH_ERR_ARGUMENT (not a mailbox), PH_ERR_NO_MEMORY
 */
PH_API PH_MUST_CHECK int ph_address_new(const char *mailbox, const ph_allocator *allocator,
                                        ph_address **out);

/** @return a copy of @p address in @p out, owned by the caller. PH_OK or PH_ERR_NO_MEMORY. */
PH_API PH_MUST_CHECK int ph_address_copy(const ph_address *address, ph_address **out);

/** Frees an address. NULL is allowed. */
PH_API void ph_address_free(ph_address *address);

/**
 * Appends a parameter, in the order of the calls; one that is there already, with the same
 * keyword and value, is not added again.
 *
 * @param keyword  letters, digits and hyphens, beginning with a letter or digit: "NOTIFY"
 * @param value    as it is to be sent: printable ASCII without blank and "=", or NULL for none.
 *                 Values that are xtext in their RFC need ph_xtext_encode first.
 * @return PH_OK, PH_ERR_ARGUMENT (keyword or value of another form), PH_ERR_NO_MEMORY
 */
PH_API PH_MUST_CHECK int ph_address_add_parameter(ph_address *address, const char *keyword,
                                                  const char *value);

/** @return the mailbox without brackets; "" for the null sender. Valid as long as the address. */
PH_API const char *ph_address_mailbox(const ph_address *address);

/** @return how many parameters the address has. */
PH_API size_t ph_address_parameter_count(const ph_address *address);

/** @return parameter number @p index as it is sent, "NOTIFY=NEVER"; NULL if there is none. */
PH_API const char *ph_address_parameter(const ph_address *address, size_t index);

/** @return true if the mailbox has bytes beyond ASCII, so that it needs SMTPUTF8 (RFC 6531). */
PH_API bool ph_address_needs_smtputf8(const ph_address *address);

/**
 * Writes @p text as xtext (RFC 3461 section 4): "+", "=" and all but printable ASCII become +XX.
 *
 * @param buffer  receives the text and a final NUL; NULL only if @p size is 0
 * @param size    room in @p buffer; three times the text's length and 1 always suffice
 * @return the length without the NUL, also when it does not fit (then nothing is written but
 *         an empty string, if there is room for that)
 */
PH_API size_t ph_xtext_encode(const char *text, char *buffer, size_t size);

PH_END_DECLS

#endif
