/* SPDX-License-Identifier: MIT */
/* The message that is sent: a file or standard input. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* @return how many bytes are still to be read, 0 if nobody knows */
static uint64_t bytes_ahead(int fd, const struct stat *status)
{
    const off_t position = lseek(fd, 0, SEEK_CUR);
    if (!S_ISREG(status->st_mode) || position < 0 || position >= status->st_size)
        return 0;
    return (uint64_t)(status->st_size - position);
}

static const ph_error *refuse(struct input *input, int failure, struct problem *problem)
{
    input_close(input);
    return problem_of_file(problem, failure, "cannot read the message from %s", input->name);
}

const ph_error *input_open(struct input *input, const char *path, bool shows_progress,
                           struct problem *problem)
{
    struct stat status;
    const bool is_stdin = !path || strcmp(path, "-") == 0;
    *input = (struct input){.name = is_stdin ? "standard input" : path, .fd = STDIN_FILENO};
    if (!is_stdin)
        input->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (input->fd < 0 || fstat(input->fd, &status) != 0)
        return refuse(input, errno, problem);
    if (S_ISDIR(status.st_mode))
        return refuse(input, EISDIR, problem);
    if (shows_progress)
        progress_begin(&input->progress, bytes_ahead(input->fd, &status));
    return NULL;
}

/* A descriptor that somebody made non-blocking is waited for all the same. */
static bool may_try_again(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return poll(&wait, 1, -1) >= 0 || errno == EINTR;
    return errno == EINTR;
}

int input_read(void *buffer, size_t size, size_t *length, void *user_data)
{
    struct input *input = user_data;
    ssize_t n;
    do
        n = read(input->fd, buffer, size);
    while (n < 0 && may_try_again(input->fd));
    if (n < 0) {
        input->failure = errno;
        return -1;
    }
    *length = (size_t)n;
    progress_add(&input->progress, (uint64_t)n);
    return 0;
}

void input_close(struct input *input)
{
    progress_end(&input->progress);
    if (input->fd > STDIN_FILENO)
        (void)close(input->fd);
    input->fd = -1;
}
