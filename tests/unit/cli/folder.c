/* SPDX-License-Identifier: MIT */
#include "unit/cli/folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/base/test.h"

int folder_make(void **state)
{
    char path[] = "/tmp/posthaste-unit-XXXXXX";
    *state = mkdtemp(path) ? strdup(path) : NULL;
    return *state ? 0 : -1;
}

static void remove_tree(const char *path)
{
    char below[600];
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        remove_tree(below);
    }
    if (folder)
        (void)closedir(folder);
    (void)remove(path);
}

int folder_remove(void **state)
{
    remove_tree(*state);
    free(*state);
    return 0;
}

const char *folder_path(void *const *state, const char *name)
{
    static char paths[2][512];
    static int next;
    char *path = paths[next];
    next = !next;
    (void)snprintf(path, sizeof paths[0], "%s/%s", (const char *)*state, name);
    return path;
}

void folder_write_bytes(void *const *state, const char *name, const void *bytes, size_t n)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s", folder_path(state, name));
    for (char *slash = strchr(path + strlen(*state) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

void folder_write(void *const *state, const char *name, const char *text)
{
    folder_write_bytes(state, name, text, strlen(text));
}

char *content_of(struct item *item, size_t *n)
{
    struct bytes all = {.data = NULL};
    char piece[1000];
    size_t length = 1;
    if (item->content.is_in_memory) {
        assert_true(bytes_append(&all, item->content.memory.data, item->content.memory.length));
        length = 0;
    }
    while (length > 0) {
        assert_int_equal(content_read(piece, sizeof piece, &length, &item->content), 0);
        assert_true(bytes_append(&all, piece, length));
    }
    *n = all.length;
    return all.data;
}

void assert_content(struct item *item, const char *expected)
{
    size_t n;
    char *content = content_of(item, &n);
    assert_int_equal(n, strlen(expected));
    assert_string_equal(content, expected);
    free(content);
}
