/* SPDX-License-Identifier: MIT */
#include "template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/printable.h"
#include "cli/suggestion.h"

enum {
    not_a_field = -1,
    name_max = 200
};

struct template_part {
    size_t begin, length; /* of text */
    int field;            /* its index, or not_a_field */
    bool is_in_header;
};

/* One reading of a template. */
struct parser {
    struct template *templ;
    const struct template_fields *fields;
    struct problem *problem;
    size_t at;
    size_t line;
    size_t line_begin;
    bool is_in_header;
    bool has_name; /* the line of the header has its ":", or continues one */
};

static bool add_part(struct parser *parser, struct template_part part)
{
    struct template *templ = parser->templ;
    if (templ->count == templ->capacity) {
        const size_t capacity = templ->capacity ? 2 * templ->capacity : 16;
        struct template_part *parts = realloc(templ->parts, capacity * sizeof *parts);
        if (!parts) {
            (void)problem_of_memory(parser->problem);
            return false;
        }
        templ->parts = parts;
        templ->capacity = capacity;
    }
    part.is_in_header = parser->is_in_header;
    templ->parts[templ->count++] = part;
    return true;
}

static bool refuse(struct parser *parser, const char *what, const char *name, const char *advice)
{
    (void)problem_set(parser->problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0,
                      "%.200s, line %zu, column %zu: %s%.100s%s; nothing was sent",
                      parser->templ->name, parser->line, parser->at - parser->line_begin + 1, what,
                      name, advice);
    return false;
}

/* ---- Fields ---------------------------------------------------------------------------------- */

static bool refuse_name(struct parser *parser, const char *name)
{
    char advice[300] = "\", which the recipients' file has no column for";
    struct suggestion suggestion = suggestion_for(name);
    for (size_t i = 0; i < parser->fields->count; i++)
        suggestion_consider(&suggestion, parser->fields->name(parser->fields->user_data, i));
    if (suggestion.nearest) {
        const size_t n = strlen(advice);
        (void)snprintf(advice + n, sizeof advice - n, " (did you mean {{%.100s}}?)",
                       suggestion.nearest);
    }
    char *shown = printable(name);
    const bool is_refused = refuse(parser, "a field \"", shown ? shown : "?", advice);
    free(shown);
    return is_refused;
}

static bool take_name(struct parser *parser, const char *name)
{
    for (size_t i = 0; i < parser->fields->count; i++) {
        if (strcmp(parser->fields->name(parser->fields->user_data, i), name) == 0)
            return add_part(parser, (struct template_part){.field = (int)i});
    }
    return refuse_name(parser, name);
}

/* Reads "{{ name }}". */
static bool take_field(struct parser *parser)
{
    char name[name_max + 1];
    const char *text = parser->templ->text.data + parser->at;
    const char *begin = text + 2;
    begin += strspn(begin, " \t");
    const size_t length = strcspn(begin, "{}\r\n");
    size_t trimmed = length;
    if (strncmp(begin + length, "}}", 2) != 0)
        return refuse(parser, "{{ without }} on the same line", "",
                      "; {{{{ stands for two braces as such");
    while (trimmed > 0 && (begin[trimmed - 1] == ' ' || begin[trimmed - 1] == '\t'))
        trimmed--;
    if (trimmed == 0 || trimmed > name_max)
        return refuse(parser, "{{}} without the name of a field, or with a very long one", "", "");
    if (parser->is_in_header && !parser->has_name)
        return refuse(parser, "a field where a line of the header has its name", "",
                      "; write \"Name: {{field}}\"");
    memcpy(name, begin, trimmed);
    name[trimmed] = '\0';
    if (!take_name(parser, name))
        return false;
    parser->at += (size_t)(begin - text) + length + 2;
    return true;
}

/* ---- Text ------------------------------------------------------------------------------------ */

static bool is_line_end(const char *text)
{
    return text[0] == '\n' || (text[0] == '\r' && text[1] == '\n');
}

static void note_line(struct parser *parser)
{
    const char *text = parser->templ->text.data + parser->at;
    if (is_line_end(text))
        parser->is_in_header = false;
    parser->has_name = *text == ' ' || *text == '\t';
    parser->line_begin = parser->at;
}

/* Reads text up to the next field, or the end of the header, which may cut a line end in two. */
static bool take_text(struct parser *parser)
{
    const struct bytes *text = &parser->templ->text;
    const size_t begin = parser->at;
    const bool was_in_header = parser->is_in_header;
    while (parser->at < text->length && parser->is_in_header == was_in_header &&
           strncmp(text->data + parser->at, "{{", 2) != 0) {
        const char c = text->data[parser->at++];
        if (c == ':')
            parser->has_name = true;
        if (c == '\n') {
            parser->line++;
            note_line(parser);
        }
    }
    const bool is_in_header = parser->is_in_header;
    parser->is_in_header = was_in_header;
    const bool is_added = add_part(
        parser,
        (struct template_part){.begin = begin, .length = parser->at - begin, .field = not_a_field});
    parser->is_in_header = is_in_header;
    return is_added;
}

static bool take_part(struct parser *parser)
{
    const char *text = parser->templ->text.data + parser->at;
    if (strncmp(text, "{{{{", 4) == 0) {
        parser->at += 4;
        return add_part(parser, (struct template_part){
                                    .begin = parser->at - 2, .length = 2, .field = not_a_field});
    }
    return strncmp(text, "{{", 2) == 0 ? take_field(parser) : take_text(parser);
}

const ph_error *template_parse(struct template *templ, const char *name, struct bytes *text,
                               const struct template_fields *fields, struct problem *problem)
{
    *templ = (struct template){.name = name, .text = *text};
    *text = (struct bytes){.data = NULL};
    struct parser parser = {
        .templ = templ, .fields = fields, .problem = problem, .line = 1, .is_in_header = true};
    if (templ->text.length == 0 || strlen(templ->text.data) != templ->text.length)
        return problem_set(problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0,
                           "%.300s is empty, or no text; nothing was sent", name);
    note_line(&parser);
    while (parser.at < templ->text.length) {
        if (!take_part(&parser))
            return &problem->error;
    }
    if (parser.is_in_header)
        return problem_set(problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0,
                           "%.300s is no message: no empty line stands between its header (From, "
                           "To, Subject) and its text; nothing was sent",
                           name);
    return NULL;
}

/* ---- Filling in ------------------------------------------------------------------------------ */

int template_render(const struct template *templ, const struct template_fields *fields,
                    struct bytes *out, size_t *refused)
{
    bytes_clear(out);
    for (size_t i = 0; i < templ->count; i++) {
        const struct template_part *part = &templ->parts[i];
        const char *text = templ->text.data + part->begin;
        size_t length = part->length;
        if (part->field != not_a_field) {
            text = fields->value(fields->user_data, (size_t)part->field);
            length = strlen(text);
            *refused = (size_t)part->field;
            if (part->is_in_header && strcspn(text, "\r\n") != length)
                return PH_ERR_ARGUMENT;
        }
        if (!bytes_append(out, text, length))
            return PH_ERR_NO_MEMORY;
    }
    return PH_OK;
}

void template_release(struct template *templ)
{
    bytes_release(&templ->text);
    free(templ->parts);
    *templ = (struct template){.parts = NULL};
}
