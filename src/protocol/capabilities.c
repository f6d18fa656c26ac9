/* SPDX-License-Identifier: MIT */
/* What a server offers after EHLO (RFC 5321 section 4.1.1.1). */
#include "protocol/capabilities.h"

#include <string.h>

#include "base/allocator.h"
#include "base/ascii.h"
#include "protocol/reply.h"

ph_capabilities *ph__capabilities_new(const ph_allocator *allocator)
{
    ph_capabilities *capabilities = ph__allocate(allocator, sizeof *capabilities);
    if (!capabilities)
        return NULL;
    capabilities->own_allocator = *allocator;
    allocator = capabilities->allocator = &capabilities->own_allocator;
    capabilities->users = 1;
    /* Bounded by the reply's own limit; the additions are one NUL a line and a word. */
    const size_t max = 4 * (size_t)ph__reply_total_max_default;
    ph__buffer_init(&capabilities->text, allocator, max);
    ph__buffer_init(&capabilities->auth, allocator, max);
    ph__buffer_init(&capabilities->auth_names, allocator, max);
    return capabilities;
}

void ph_capabilities_free(ph_capabilities *capabilities)
{
    if (!capabilities || --capabilities->users > 0)
        return;
    ph__buffer_release(&capabilities->text);
    ph__buffer_release(&capabilities->auth);
    ph__buffer_release(&capabilities->auth_names);
    const ph_allocator allocator = capabilities->own_allocator;
    ph__release(&allocator, capabilities->said);
    ph__release(&allocator, capabilities->list);
    ph__release(&allocator, capabilities);
}

void ph__capabilities_clear(ph_capabilities *capabilities)
{
    ph__buffer_truncate(&capabilities->text, 0);
    ph__buffer_truncate(&capabilities->auth, 0);
    ph__buffer_truncate(&capabilities->auth_names, 0);
    capabilities->auth_count = 0;
    capabilities->count = 0;
}

/* Splits the next word off; *rest moves behind it. A word has length 0 at the end. */
static const char *next_word(const char **rest, size_t *length)
{
    const char *word = *rest + strspn(*rest, " \t");
    *length = strcspn(word, " \t");
    *rest = word + *length;
    return word;
}

static int add_auth(ph_capabilities *capabilities, const char *words)
{
    size_t n;
    for (const char *word = next_word(&words, &n); n > 0; word = next_word(&words, &n)) {
        char name[64];
        if (n >= sizeof name || capabilities->auth_count == ph__auth_mechanisms_max)
            continue;
        memcpy(name, word, n);
        name[n] = '\0';
        if (ph_capabilities_has_auth(capabilities, name))
            continue;
        /* The joined list loses its NUL, gains a blank and the name with its NUL. */
        struct ph__buffer *joined = &capabilities->auth;
        if (ph__buffer_reserve(joined, n + 2) != PH_OK ||
            ph__buffer_append(&capabilities->auth_names, name, n + 1) != PH_OK)
            return PH_ERR_NO_MEMORY;
        if (joined->length > 0)
            joined->bytes[joined->length - 1] = ' ';
        (void)ph__buffer_append(joined, name, n + 1);
        capabilities->auth_count++;
    }
    return PH_OK;
}

static struct ph__capability *find(const ph_capabilities *capabilities, const char *keyword)
{
    for (size_t i = 0; i < capabilities->count; i++) {
        const struct ph__capability *found = &capabilities->list[i];
        if (ph__ascii_equal(found->keyword, keyword))
            return (struct ph__capability *)found;
    }
    return NULL;
}

/* Adds a keyword; where it comes twice, the later one counts, in the place of the first. */
static void add(ph_capabilities *capabilities, const char *keyword, const char *parameters)
{
    struct ph__capability *slot = find(capabilities, keyword);
    if (!slot) {
        if (capabilities->count == capabilities->room)
            return;
        slot = &capabilities->list[capabilities->count++];
    }
    *slot = (struct ph__capability){.keyword = keyword, .parameters = parameters};
}

/* Copies a line into the reserved text as keyword, NUL, parameters one blank apart, NUL. */
static const char *copy_words(struct ph__buffer *text, const char *line, const char **parameters)
{
    size_t n;
    const char *word = next_word(&line, &n);
    const size_t start = text->length;
    (void)ph__buffer_append(text, word, n);
    (void)ph__buffer_append(text, "", 1);
    const size_t rest = text->length;
    for (word = next_word(&line, &n); n > 0; word = next_word(&line, &n)) {
        if (text->length > rest)
            (void)ph__buffer_append(text, " ", 1);
        (void)ph__buffer_append(text, word, n);
    }
    (void)ph__buffer_append(text, "", 1);
    *parameters = (const char *)text->bytes + rest;
    return (const char *)text->bytes + start;
}

static int read_line(ph_capabilities *capabilities, const char *line)
{
    const char *parameters;
    const char *keyword = copy_words(&capabilities->text, line, &parameters);
    /* "AUTH=LOGIN PLAIN" is the form of servers older than RFC 2554; it means AUTH. */
    if (ph__ascii_starts_with(keyword, "AUTH=")) {
        if (add_auth(capabilities, keyword + 5) != PH_OK ||
            add_auth(capabilities, parameters) != PH_OK)
            return PH_ERR_NO_MEMORY;
        if (!find(capabilities, "AUTH"))
            add(capabilities, "AUTH", "");
        return PH_OK;
    }
    if (*keyword != '\0')
        add(capabilities, keyword, parameters);
    if (ph__ascii_equal(keyword, "AUTH"))
        return add_auth(capabilities, parameters);
    return PH_OK;
}

/* A line brings one keyword at most. */
static int reserve(ph_capabilities *capabilities, size_t lines)
{
    const size_t room = lines < ph__capabilities_max ? lines : ph__capabilities_max;
    if (room <= capabilities->room)
        return PH_OK;
    struct ph__capability *list = ph__reallocate_array(capabilities->allocator, capabilities->list,
                                                       room, sizeof *capabilities->list);
    if (!list)
        return PH_ERR_NO_MEMORY;
    capabilities->list = list;
    capabilities->room = room;
    return PH_OK;
}

int ph__capabilities_read(ph_capabilities *capabilities, const ph_reply *reply)
{
    ph__capabilities_clear(capabilities);
    /* All pointers lead into one block, which therefore must not move while it fills. */
    if (ph__buffer_reserve(&capabilities->text, ph__reply_lines_length(reply) +
                                                    2 * (size_t)reply->line_count + 1) != PH_OK ||
        reserve(capabilities, reply->line_count) != PH_OK)
        return PH_ERR_NO_MEMORY;
    for (size_t i = 1; i < reply->line_count; i++) {
        if (read_line(capabilities, ph_reply_line(reply, i)) != PH_OK) {
            ph__capabilities_clear(capabilities);
            return PH_ERR_NO_MEMORY;
        }
    }
    return PH_OK;
}

/* @return what the reply says, to be kept for others who are told the same; NULL without memory */
static ph_capabilities *read_to_share(const ph_allocator *allocator, const ph_reply *reply)
{
    ph_capabilities *made = ph__capabilities_new(allocator);
    if (!made)
        return NULL;
    made->said = ph__duplicate(allocator, ph_reply_text(reply));
    if (made->said && ph__capabilities_read(made, reply) == PH_OK)
        return made;
    ph_capabilities_free(made);
    return NULL;
}

static ph_capabilities *retain(ph_capabilities *capabilities)
{
    capabilities->users++;
    return capabilities;
}

int ph__capabilities_share(ph_capabilities **last, const ph_allocator *allocator,
                           const ph_reply *reply, ph_capabilities **own)
{
    ph_capabilities_free(*own);
    if (last && *last && strcmp((*last)->said, ph_reply_text(reply)) == 0) {
        *own = retain(*last);
        return PH_OK;
    }
    *own = read_to_share(allocator, reply);
    if (!*own)
        return PH_ERR_NO_MEMORY;
    if (last) {
        ph_capabilities_free(*last);
        *last = retain(*own);
    }
    return PH_OK;
}

int ph_reply_capabilities(const ph_reply *reply, ph_capabilities **out)
{
    *out = NULL;
    if (!ph_reply_is_success(reply))
        return PH_ERR_ARGUMENT;
    ph_capabilities *capabilities = ph__capabilities_new(reply->allocator);
    if (!capabilities)
        return PH_ERR_NO_MEMORY;
    const int status = ph__capabilities_read(capabilities, reply);
    if (status != PH_OK) {
        ph_capabilities_free(capabilities);
        return status;
    }
    *out = capabilities;
    return PH_OK;
}

bool ph_capabilities_has(const ph_capabilities *capabilities, const char *keyword)
{
    return find(capabilities, keyword) != NULL;
}

const char *ph_capabilities_parameters(const ph_capabilities *capabilities, const char *keyword)
{
    const struct ph__capability *found = find(capabilities, keyword);
    if (!found)
        return NULL;
    if (ph__ascii_equal(keyword, "AUTH") && capabilities->auth.length > 0)
        return (const char *)capabilities->auth.bytes;
    return found->parameters;
}

size_t ph_capabilities_count(const ph_capabilities *capabilities)
{
    return capabilities->count;
}

const char *ph_capabilities_keyword(const ph_capabilities *capabilities, size_t index)
{
    return index < capabilities->count ? capabilities->list[index].keyword : NULL;
}

const char *ph_capabilities_auth(const ph_capabilities *capabilities, size_t index)
{
    if (index >= capabilities->auth_count)
        return NULL;
    const char *name = (const char *)capabilities->auth_names.bytes;
    for (size_t i = 0; i < index; i++)
        name += strlen(name) + 1;
    return name;
}

size_t ph_capabilities_auth_count(const ph_capabilities *capabilities)
{
    return capabilities->auth_count;
}

bool ph_capabilities_has_auth(const ph_capabilities *capabilities, const char *mechanism)
{
    for (size_t i = 0; i < capabilities->auth_count; i++) {
        if (ph__ascii_equal(ph_capabilities_auth(capabilities, i), mechanism))
            return true;
    }
    return false;
}
