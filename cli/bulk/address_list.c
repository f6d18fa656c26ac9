/* SPDX-License-Identifier: MIT */
#include "address_list.h"

#include <string.h>

void address_list_begin(struct address_list *list, const char *value, size_t n)
{
    list->at = value;
    list->end = value + n;
    list->length = 0;
    list->address[0] = '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void append(struct address_list *list, char c)
{
    if (list->length < sizeof list->address - 1)
        list->address[list->length++] = c;
    list->address[list->length] = '\0';
}

static void forget(struct address_list *list)
{
    list->length = 0;
    list->address[0] = '\0';
}

/* Passes over a comment; they nest. */
static void skip_comment(struct address_list *list)
{
    size_t depth = 0;
    do {
        const char c = *list->at++;
        if (c == '\\' && list->at < list->end)
            list->at++;
        else if (c == '(')
            depth++;
        else if (c == ')')
            depth--;
    } while (depth > 0 && list->at < list->end);
}

/* Takes a quoted string or an address literal as it stands, to the byte that closes it. */
static void take_closed(struct address_list *list, char closing)
{
    append(list, *list->at++);
    while (list->at < list->end) {
        const char c = *list->at++;
        append(list, c);
        if (c == closing)
            return;
        if (c == '\\' && list->at < list->end)
            append(list, *list->at++);
    }
}

/* A blank between two words is kept, so that "Bob Smith" is refused and not sent to "BobSmith";
 * those around "." and "@" are allowed (RFC 5322 section 4.4) and mean nothing. */
static void take_blanks(struct address_list *list)
{
    while (list->at < list->end && is_blank(*list->at))
        list->at++;
    if (list->length == 0 || list->at == list->end)
        return;
    const char before = list->address[list->length - 1];
    if (!strchr(".@", before) && !strchr(".@,;<(", *list->at))
        append(list, ' ');
}

/* Takes what stands between angle brackets, without a route (RFC 5322 section 4.4). */
static void take_angle(struct address_list *list)
{
    forget(list);
    list->at++;
    while (list->at < list->end && *list->at != '>') {
        const char c = *list->at;
        if (c == '"') {
            take_closed(list, '"');
        } else if (c == '[') {
            take_closed(list, ']');
        } else if (c == '(') {
            skip_comment(list);
        } else if (is_blank(c)) {
            take_blanks(list);
        } else {
            if (c == ':' && list->address[0] == '@')
                forget(list);
            else
                append(list, c);
            list->at++;
        }
    }
    if (list->length > 0 && list->address[list->length - 1] == ' ')
        list->address[--list->length] = '\0';
    if (list->at < list->end)
        list->at++;
}

/* Passes over what follows an angle address, up to the delimiter. */
static void skip_rest(struct address_list *list)
{
    while (list->at < list->end && *list->at != ',' && *list->at != ';') {
        if (*list->at == '(')
            skip_comment(list);
        else
            list->at++;
    }
}

bool address_list_next(struct address_list *list)
{
    forget(list);
    while (list->at < list->end) {
        const char c = *list->at;
        if (c == '<') {
            take_angle(list);
            skip_rest(list);
            return true;
        }
        if (c == '(') {
            skip_comment(list);
        } else if (c == '"') {
            take_closed(list, '"');
        } else if (c == '[') {
            take_closed(list, ']');
        } else if (is_blank(c)) {
            take_blanks(list);
        } else if (c == ':') { /* what stood before was the name of a group */
            forget(list);
            list->at++;
        } else if (c == ',' || c == ';') {
            list->at++;
            if (list->length > 0)
                return true;
        } else {
            append(list, c);
            list->at++;
        }
    }
    return list->length > 0;
}
