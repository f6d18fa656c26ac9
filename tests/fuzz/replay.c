/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over files: the main program of a target where there is no libFuzzer. Each
 * argument is a file or a folder of files. Inputs cut short are tried too, since that costs
 * nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include "fuzz/fuzz.h"

enum {
    largest_input = 1 << 20,
    prefixes = 64
};

static int complain(const char *path)
{
    (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return -1;
}

static void try_input(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i <= prefixes; i++) {
        const size_t length = n * i / prefixes;
        uint8_t *input = fuzz_exact(bytes, length);
        (void)LLVMFuzzerTestOneInput(input, length);
        free(input);
    }
}

/* @return how many inputs were run, -1 for none that could be read */
static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(largest_input);
    if (!file || !bytes) {
        if (file)
            (void)fclose(file);
        free(bytes);
        return complain(path);
    }
    const size_t n = fread(bytes, 1, largest_input, file);
    const int failed = ferror(file);
    (void)fclose(file);
    if (!failed)
        try_input(bytes, n);
    free(bytes);
    return failed ? complain(path) : 1;
}

static int run_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        return complain(path);
    int total = 0;
    const struct dirent *entry;
    while (total >= 0 && (entry = readdir(folder)) != NULL) {
        char file[4096];
        const int n = snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] == '.' || n < 0 || (size_t)n >= sizeof file)
            continue;
        const int count = run_file(file);
        total = count < 0 ? -1 : total + count;
    }
    (void)closedir(folder);
    return total;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        struct stat status;
        if (stat(argv[i], &status) != 0)
            return complain(argv[i]) != 0;
        const int count = S_ISDIR(status.st_mode) ? run_folder(argv[i]) : run_file(argv[i]);
        if (count < 0)
            return 1;
        total += count;
    }
    (void)printf("%d inputs\n", total);
    return total > 0 ? 0 : 1; /* a corpus that is not there proves nothing */
}
