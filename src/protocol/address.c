/* SPDX-License-Identifier: MIT */
/* The object behind ph_address: a mailbox and its ESMTP parameters. */
#include "protocol/address.h"

#include <stddef.h>
#include <string.h>

#include <posthaste/error.h>

#include "base/allocator.h"
#include "protocol/mailbox.h"

static ph_address *new_address(const ph_allocator *allocator, const char *mailbox, size_t n)
{
    const ph_allocator *memory = ph__allocator_or_default(allocator);
    ph_address *address = ph__allocate(memory, offsetof(ph_address, mailbox) + n + 1);
    if (!address)
        return NULL;
    address->allocator = *memory;
    memcpy(address->mailbox, mailbox, n);
    address->mailbox[n] = '\0';
    address->is_international = ph__mailbox_is_international(address->mailbox);
    return address;
}

int ph_address_new(const char *mailbox, const ph_allocator *allocator, ph_address **out)
{
    *out = NULL;
    const char *start = mailbox ? mailbox : "";
    size_t n = strlen(start);
    if (n >= 2 && start[0] == '<' && start[n - 1] == '>') {
        start++;
        n -= 2;
    }
    if (n > PH_ADDRESS_MAX || (n > 0 && ph__mailbox_problem(start, n)))
        return PH_ERR_ARGUMENT;
    *out = new_address(allocator, start, n);
    return *out ? PH_OK : PH_ERR_NO_MEMORY;
}

/* Makes room for @p n bytes more of parameters. */
static int reserve_parameters(ph_address *address, size_t n)
{
    if (!address->parameters) {
        address->parameters = ph__allocate(&address->allocator, sizeof *address->parameters);
        if (!address->parameters)
            return PH_ERR_NO_MEMORY;
        ph__buffer_init(address->parameters, &address->allocator, ph__parameters_max_bytes);
    }
    return ph__buffer_reserve(address->parameters, n);
}

int ph_address_copy(const ph_address *address, ph_address **out)
{
    const struct ph__buffer *parameters = address->parameters;
    ph_address *copy = *out =
        new_address(&address->allocator, address->mailbox, strlen(address->mailbox));
    if (!copy)
        return PH_ERR_NO_MEMORY;
    if (address->parameter_count == 0)
        return PH_OK;
    if (reserve_parameters(copy, parameters->length) != PH_OK) {
        ph_address_free(copy);
        *out = NULL;
        return PH_ERR_NO_MEMORY;
    }
    (void)ph__buffer_append(copy->parameters, parameters->bytes, parameters->length);
    copy->parameter_count = address->parameter_count;
    return PH_OK;
}

void ph_address_free(ph_address *address)
{
    if (!address)
        return;
    const ph_allocator allocator = address->allocator;
    if (address->parameters)
        ph__buffer_release(address->parameters);
    ph__release(&allocator, address->parameters);
    ph__release(&allocator, address);
}

/* esmtp-keyword of RFC 5321 section 4.1.2: begins with a letter or digit; hyphens after. */
static bool is_keyword(const char *text)
{
    if (*text == '-' || *text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        const bool is_letter = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z');
        if (!is_letter && !(*text >= '0' && *text <= '9') && *text != '-')
            return false;
    }
    return true;
}

/* esmtp-value of RFC 5321 section 4.1.2. */
static bool is_value(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text == '=' || *text > '~')
            return false;
    }
    return true;
}

static bool has_parameter(const ph_address *address, const char *keyword, const char *value)
{
    const size_t n = strlen(keyword);
    for (size_t i = 0; i < address->parameter_count; i++) {
        const char *parameter = ph_address_parameter(address, i);
        if (strncmp(parameter, keyword, n) != 0)
            continue;
        const char *rest = parameter + n;
        if (value ? *rest == '=' && strcmp(rest + 1, value) == 0 : *rest == '\0')
            return true;
    }
    return false;
}

int ph_address_add_parameter(ph_address *address, const char *keyword, const char *value)
{
    if (!keyword || !is_keyword(keyword) || (value && !is_value(value)))
        return PH_ERR_ARGUMENT;
    if (has_parameter(address, keyword, value))
        return PH_OK;
    const int status =
        reserve_parameters(address, strlen(keyword) + (value ? strlen(value) + 1 : 0) + 1);
    if (status != PH_OK)
        return status;
    struct ph__buffer *parameters = address->parameters;
    (void)ph__buffer_append_string(parameters, keyword);
    if (value) {
        (void)ph__buffer_append(parameters, "=", 1);
        (void)ph__buffer_append_string(parameters, value);
    }
    (void)ph__buffer_append(parameters, "", 1);
    address->parameter_count++;
    return PH_OK;
}

const char *ph_address_mailbox(const ph_address *address)
{
    return address->mailbox;
}

size_t ph_address_parameter_count(const ph_address *address)
{
    return address->parameter_count;
}

const char *ph_address_parameter(const ph_address *address, size_t index)
{
    if (index >= address->parameter_count)
        return NULL;
    const char *parameter = (const char *)address->parameters->bytes;
    for (size_t i = 0; i < index; i++)
        parameter += strlen(parameter) + 1;
    return parameter;
}

bool ph_address_needs_smtputf8(const ph_address *address)
{
    return address->is_international;
}

/* xchar of RFC 3461 section 4: printable ASCII but "+" and "=". */
static bool is_xchar(unsigned char byte)
{
    return byte > ' ' && byte <= '~' && byte != '+' && byte != '=';
}

size_t ph_xtext_encode(const char *text, char *buffer, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t length = 0;
    for (const char *c = text; *c != '\0'; c++)
        length += is_xchar((unsigned char)*c) ? 1 : 3;
    if (size > 0)
        buffer[0] = '\0';
    if (length >= size)
        return length;
    for (const char *c = text; *c != '\0'; c++) {
        const unsigned char byte = (unsigned char)*c;
        if (is_xchar(byte)) {
            *buffer++ = *c;
            continue;
        }
        *buffer++ = '+';
        *buffer++ = digits[byte >> 4];
        *buffer++ = digits[byte & 15];
    }
    *buffer = '\0';
    return length;
}
