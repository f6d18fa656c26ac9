/* SPDX-License-Identifier: MIT */
#include "checkpoint_line.h"

#include <stdlib.h>
#include <string.h>

#include "identity.h"

static const char *const words[known_states] = {
    [KNOWN_NOT] = "",          [KNOWN_BEGUN] = "begun",
    [KNOWN_SENT] = "sent",     [KNOWN_REFUSED] = "refused",
    [KNOWN_FAILED] = "failed", [KNOWN_UNKNOWN] = "unknown",
};

static bool append(struct bytes *bytes, const char *text)
{
    return bytes_append(bytes, text, strlen(text));
}

bool checkpoint_line_key(struct bytes *key, const char *identity, const char *mailbox)
{
    char *word = identity_of_name(mailbox, strlen(mailbox));
    const bool is_made = word && append(key, identity) && append(key, " ") && append(key, word);
    free(word);
    return is_made;
}

bool checkpoint_line_add(struct bytes *lines, enum known_state state, const char *identity,
                         const char *mailbox)
{
    const size_t length = lines->length;
    if (append(lines, words[state]) && append(lines, " ") &&
        (mailbox ? checkpoint_line_key(lines, identity, mailbox) : append(lines, identity)) &&
        append(lines, "\n"))
        return true;
    lines->length = length;
    return false;
}

static enum known_state state_of(const char *word, size_t n)
{
    for (int state = KNOWN_BEGUN; state < known_states; state++) {
        if (strlen(words[state]) == n && memcmp(words[state], word, n) == 0)
            return (enum known_state)state;
    }
    return KNOWN_NOT;
}

/* @return the text is one word, or two with one blank between them */
static bool is_key(const char *text)
{
    const size_t first = strcspn(text, " ");
    if (first == 0 || text[first] == '\0')
        return first > 0;
    const char *second = text + first + 1;
    return *second != '\0' && !strchr(second, ' ');
}

bool checkpoint_line_read(struct checkpoint_line *line, char *text)
{
    const size_t n = strcspn(text, " ");
    line->state = state_of(text, n);
    if (line->state == KNOWN_NOT || text[n] == '\0' || !is_key(text + n + 1))
        return false;
    line->key = text + n + 1;
    line->blank = strchr(line->key, ' ');
    return true;
}
