/* SPDX-License-Identifier: MIT */
/*
 * spawn COUNT INPUT PROGRAM [ARGUMENT...]
 *
 * Runs a program COUNT times, one after the other, with INPUT as its standard input and its output
 * thrown away, and tells as one line of JSON what a run takes: the median, from start to end.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "job.h"

extern char **environ;

static double now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double run(char **command, const char *input)
{
    pid_t pid;
    int status;
    posix_spawn_file_actions_t actions;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    const double begun = now_us();
    const int problem = posix_spawnp(&pid, command[0], &actions, NULL, command, environ);
    if (problem != 0)
        job_fail(command[0], strerror(problem));
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        job_fail(command[0], "has failed");
    (void)posix_spawn_file_actions_destroy(&actions);
    return now_us() - begun;
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double seconds_us(struct timeval time)
{
    return (double)time.tv_sec * 1e6 + (double)time.tv_usec;
}

int main(int argc, char **argv)
{
    struct rusage used;
    const long count = argc > 3 ? strtol(argv[1], NULL, 10) : 0;
    if (count < 1)
        job_fail("spawn", "usage: COUNT INPUT PROGRAM [ARGUMENT...]");
    double *walls = job_allocate((size_t)count * sizeof *walls);
    for (long i = 0; i < count; i++)
        walls[i] = run(argv + 3, argv[2]);
    (void)getrusage(RUSAGE_CHILDREN, &used);
    qsort(walls, (size_t)count, sizeof *walls, compare);
    (void)printf("{\"wall_us\": %.0f, \"cpu_us\": %.0f, \"messages\": %ld}\n", walls[count / 2],
                 (seconds_us(used.ru_utime) + seconds_us(used.ru_stime)) / (double)count, count);
    free(walls);
    return 0;
}
