/* SPDX-License-Identifier: MIT */
/* Reading transcripts. */
#include "dialogues/runner/transcript.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, what);
    exit(2);
}

static void *must(void *block)
{
    if (!block)
        abort();
    return block;
}

char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        die(path, 0, "cannot be read");
    size_t length = 0;
    char *text = must(malloc(1));
    char block[4096];
    size_t n;
    while ((n = fread(block, 1, sizeof block, file)) > 0) {
        text = must(realloc(text, length + n + 1));
        memcpy(text + length, block, n);
        length += n;
    }
    text[length] = '\0';
    (void)fclose(file);
    return text;
}

/* Replaces \n \r \t \\ \" \xHH. @return the new length */
static size_t unescape(char *text, size_t n)
{
    size_t out = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] != '\\' || i + 1 == n) {
            text[out++] = text[i];
            continue;
        }
        const char letter = text[++i];
        if (letter == 'x' && i + 2 < n) {
            const char digits[3] = {text[i + 1], text[i + 2], '\0'};
            text[out++] = (char)strtol(digits, NULL, 16);
            i += 2;
        } else {
            text[out++] = (char)(letter == 'n'   ? '\n'
                                 : letter == 'r' ? '\r'
                                 : letter == 't' ? '\t'
                                                 : letter);
        }
    }
    return out;
}

/* ---- Words ----------------------------------------------------------------------------------- */

void words_split(struct words *words, const char *text)
{
    char *at = words->room = must(strdup(text));
    words->count = 0;
    while (*at != '\0') {
        at += strspn(at, " ");
        if (*at == '\0' || words->count == words_max)
            break;
        char *out = at;
        words->word[words->count++] = out;
        for (bool is_quoted = false; *at != '\0' && (is_quoted || *at != ' '); at++) {
            if (*at == '"') {
                is_quoted = !is_quoted;
                continue;
            }
            if (*at == '\\' && at[1] != '\0')
                *out++ = *at++;
            *out++ = *at;
        }
        const bool is_last = *at == '\0';
        char *word = words->word[words->count - 1];
        word[unescape(word, (size_t)(out - word))] = '\0';
        at += is_last ? 0 : 1;
    }
}

void words_release(struct words *words)
{
    free(words->room);
}

const char *words_value(const struct words *words, const char *key)
{
    const size_t n = strlen(key);
    for (size_t i = 0; i < words->count; i++) {
        if (strncmp(words->word[i], key, n) == 0 && words->word[i][n] == '=')
            return words->word[i] + n + 1;
    }
    return NULL;
}

bool words_has(const struct words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->word[i], word) == 0)
            return true;
    }
    return false;
}

/* ---- Dialogues ------------------------------------------------------------------------------- */

static void append(struct item *item, const char *bytes, size_t n)
{
    item->text = must(realloc(item->text, item->length + n + 1));
    memcpy(item->text + item->length, bytes, n);
    item->length += n;
    item->text[item->length] = '\0';
}

/* Neighbouring lines of one side are one item: one write. */
static struct item *item_of(struct dialogue *dialogue, enum item_kind kind, int line)
{
    struct item *last = dialogue->count > 0 ? &dialogue->items[dialogue->count - 1] : NULL;
    const bool joins = kind == ITEM_CLIENT || kind == ITEM_SERVER;
    if (joins && last && last->kind == kind)
        return last;
    if (dialogue->count == items_max)
        die(dialogue->name, line, "too many items");
    struct item *item = &dialogue->items[dialogue->count++];
    *item = (struct item){.kind = kind, .line = line};
    return item;
}

/* A line of either side gets CRLF, unless it ends in \c. */
static void add_bytes(struct item *item, const char *text)
{
    char *copy = must(strdup(text));
    size_t n = strlen(copy);
    const bool is_open = n >= 2 && strcmp(copy + n - 2, "\\c") == 0;
    n = unescape(copy, is_open ? n - 2 : n);
    append(item, copy, n);
    if (!is_open)
        append(item, "\r\n", 2);
    free(copy);
}

static void add_repeated(struct item *item, const char *text)
{
    struct words words;
    words_split(&words, text);
    const long times = strtol(words.word[0], NULL, 10);
    for (long i = 0; i < times; i++)
        append(item, words.word[1], strlen(words.word[1]));
    words_release(&words);
}

static void add_numbers(int *numbers, size_t *count, const char *text)
{
    char *end;
    for (long number = strtol(text, &end, 10); end != text && *count < 32;
         number = strtol(text, &end, 10)) {
        numbers[(*count)++] = (int)number;
        text = end;
    }
}

static void add_line(struct dialogue *dialogue, const char *file, int number, char *line)
{
    static const struct {
        const char *prefix;
        enum item_kind kind;
    } kinds[] = {{"do: ", ITEM_DO}, {"expect: ", ITEM_EXPECT}};
    if (strncmp(line, "C: ", 3) == 0 || strcmp(line, "C:") == 0) {
        add_bytes(item_of(dialogue, ITEM_CLIENT, number), line[2] ? line + 3 : "");
    } else if (strcmp(line, "S: <close>") == 0) {
        (void)item_of(dialogue, ITEM_CLOSE, number);
    } else if (strncmp(line, "S: ", 3) == 0 || strcmp(line, "S:") == 0) {
        add_bytes(item_of(dialogue, ITEM_SERVER, number), line[2] ? line + 3 : "");
    } else if (strncmp(line, "C* ", 3) == 0) {
        add_repeated(item_of(dialogue, ITEM_CLIENT, number), line + 3);
    } else if (strncmp(line, "S* ", 3) == 0) {
        add_repeated(item_of(dialogue, ITEM_SERVER, number), line + 3);
    } else if (strcmp(line, "TLS:") == 0) {
        (void)item_of(dialogue, ITEM_TLS, number);
    } else if (strncmp(line, "row: ", 5) == 0) {
        add_numbers(dialogue->rows, &dialogue->row_count, line + 5);
    } else if (strncmp(line, "rfc: ", 5) == 0) {
        (void)snprintf(dialogue->rfcs, sizeof dialogue->rfcs, "%s", line + 5);
    } else if (strcmp(line, "only: session") == 0) {
        dialogue->session_only = true;
    } else if (strcmp(line, "only: client") == 0) {
        dialogue->client_only = true;
    } else {
        for (size_t i = 0; i < 2; i++) {
            const size_t n = strlen(kinds[i].prefix);
            if (strncmp(line, kinds[i].prefix, n) != 0)
                continue;
            append(item_of(dialogue, kinds[i].kind, number), line + n, strlen(line + n));
            return;
        }
        die(file, number, "a line of no known kind");
    }
}

bool transcript_next(const char *file, char **text, int *number, struct dialogue *dialogue)
{
    memset(dialogue, 0, sizeof *dialogue);
    while (**text != '\0') {
        char *line = *text;
        const size_t n = strcspn(line, "\n");
        const bool is_title = strncmp(line, "== ", 3) == 0;
        if (is_title && dialogue->name[0] != '\0')
            return true; /* the next one begins */
        *text += n + (line[n] == '\n' ? 1 : 0);
        line[n] = '\0';
        ++*number;
        if (is_title)
            (void)snprintf(dialogue->name, sizeof dialogue->name, "%.100s: %.140s", file, line + 3);
        else if (*line != '\0' && *line != '#')
            add_line(dialogue, file, *number, line);
    }
    return dialogue->name[0] != '\0';
}

void transcript_release(struct dialogue *dialogue)
{
    for (size_t i = 0; i < dialogue->count; i++)
        free(dialogue->items[i].text);
}
