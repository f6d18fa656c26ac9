/* SPDX-License-Identifier: MIT */
/*
 * A message with {{field}}s in it, filled in for each recipient. "{{{{" stands for "{{". A line of
 * the header always has its own name, and no field can add a line to it.
 */
#ifndef CLI_BULK_TEMPLATE_H
#define CLI_BULK_TEMPLATE_H

#include "bytes.h"
#include "cli/problem.h"

struct template_part; /* text, or a field */

struct template
{
    const char *name; /* as a sentence calls it */
    struct bytes text;
    struct template_part *parts;
    size_t count, capacity;
};

/* The fields that there are: names and, for rendering, values; @p user_data is the caller's. */
struct template_fields {
    size_t count;
    const char *(*name)(void *user_data, size_t index);
    const char *(*value)(void *user_data, size_t index);
    void *user_data;
};

/**
 * Reads a template's text, which the template takes over.
 * @return NULL, or what is wrong with it: a field that there is not, an open bracket, no header
 */
const ph_error *template_parse(struct template *templ, const char *name, struct bytes *text,
                               const struct template_fields *fields, struct problem *problem);

/**
 * Fills in the fields.
 * @param out      receives the message; what was in it is forgotten
 * @param refused  receives the index of a field whose value has a line break and would go into the
 *                 header
 * @return PH_OK, PH_ERR_ARGUMENT (such a field), PH_ERR_NO_MEMORY
 */
int template_render(const struct template *templ, const struct template_fields *fields,
                    struct bytes *out, size_t *refused);

void template_release(struct template *templ);

#endif
