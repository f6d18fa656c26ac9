/* SPDX-License-Identifier: MIT */
/*
 * Transcripts: what ../README.md describes, read into a list of items. Errors in a transcript end
 * the program with the file's name and line.
 */
#ifndef TESTS_DIALOGUES_TRANSCRIPT_H
#define TESTS_DIALOGUES_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>

enum item_kind {
    ITEM_DO,     /* text: the operation and its arguments */
    ITEM_CLIENT, /* text: bytes that must leave in one write */
    ITEM_SERVER, /* text: bytes that the server sends */
    ITEM_CLOSE,  /* the server closes */
    ITEM_TLS,    /* both make a handshake */
    ITEM_EXPECT  /* text: what must be true now */
};

struct item {
    enum item_kind kind;
    char *text;
    size_t length;
    int line;
};

enum {
    words_max = 64,
    items_max = 2048
};

struct dialogue {
    char name[256]; /* FILE: NAME */
    struct item items[items_max];
    size_t count;
    bool session_only;
    bool client_only;
    bool tls_from_start; /* the session is told that TLS is active */
    int rows[32];        /* of NET_SMTP.md */
    size_t row_count;
    char rfcs[256];
};

/** Reads the next dialogue of a file that was read whole. @return false at its end */
bool transcript_next(const char *file, char **text, int *line, struct dialogue *dialogue);
void transcript_release(struct dialogue *dialogue);

/* The words of a line: blanks part them, quotes hold them together, escapes are replaced. */
struct words {
    char *word[words_max];
    size_t count;
    char *room;
};

void words_split(struct words *words, const char *text);
void words_release(struct words *words);

/** @return the value of KEY=value, or NULL */
const char *words_value(const struct words *words, const char *key);

/** @return the word is there on its own */
bool words_has(const struct words *words, const char *word);

/** @return a whole file, with a NUL behind it */
char *read_file(const char *path);

#endif
