/* SPDX-License-Identifier: MIT */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Finds out what a file is by its first bytes. @return 0, or errno */
static int look_into(const char *path, int *format)
{
    char first[5];
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    const ssize_t n = read(fd, first, sizeof first);
    const int failure = n < 0 ? errno : 0;
    (void)close(fd);
    *format = n == sizeof first && memcmp(first, "From ", sizeof first) == 0 ? FORMAT_MBOX
                                                                             : FORMAT_NDJSON;
    return failure;
}

/* @return 0, or errno */
static int find_format(const char *path, int *format)
{
    struct stat status;
    *format = FORMAT_NDJSON;
    if (strcmp(path, "-") == 0)
        return 0;
    if (stat(path, &status) != 0)
        return errno;
    if (S_ISDIR(status.st_mode))
        *format = FORMAT_MAILDIR;
    /* What is no file, such as a pipe, can be read only once: it is not looked into. */
    return S_ISREG(status.st_mode) ? look_into(path, format) : 0;
}

const ph_error *source_open(const struct source_options *options, struct source **source,
                            struct problem *problem)
{
    int format = options->format;
    *source = NULL;
    if (options->templ)
        return mailing_open(options, source, problem);
    const int failure = format == FORMAT_AUTO ? find_format(options->path, &format) : 0;
    if (failure != 0)
        return problem_of_reading(problem, failure, options->path);
    struct source_options chosen = *options;
    chosen.format = format;
    if (format == FORMAT_MAILDIR)
        return maildir_open(&chosen, source, problem);
    if (format == FORMAT_NDJSON)
        return ndjson_open(&chosen, source, problem);
    return mbox_open(&chosen, source, problem);
}

enum source_next source_next(struct source *source, struct item **item, struct problem *problem)
{
    *item = NULL;
    return source->kind->next(source, item, problem);
}

void source_free(struct source *source)
{
    if (!source)
        return;
    char *path = source->path;
    source->kind->free(source);
    free(path);
}

enum source_next source_out_of_memory(struct problem *problem)
{
    (void)problem_of_memory(problem);
    return SOURCE_FAILED;
}
