/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int ends[2] = {-1, -1};
static volatile sig_atomic_t count;

/* What asks to stop; the last one when a terminal is closed. */
static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

enum {
    numbers_count = sizeof numbers / sizeof numbers[0]
};

static struct sigaction before[numbers_count];

static void note(int number)
{
    const int saved = errno;
    (void)number;
    count = count + 1;
    (void)!write(ends[1], "", 1); /* a full pipe is readable as it is */
    errno = saved;
}

bool signals_catch(void)
{
    struct sigaction action = {.sa_handler = note};
    if (pipe(ends) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        (void)fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        (void)fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    count = 0;
    (void)sigemptyset(&action.sa_mask);
    for (int i = 0; i < numbers_count; i++) {
        (void)sigaction(numbers[i], &action, &before[i]);
        /* nohup(1) ignores it for us. */
        if (numbers[i] == SIGHUP && before[i].sa_handler == SIG_IGN)
            (void)sigaction(SIGHUP, &before[i], NULL);
    }
    return true;
}

int signals_fd(void)
{
    return ends[0];
}

int signals_count(void)
{
    char bytes[16];
    while (read(ends[0], bytes, sizeof bytes) > 0)
        continue;
    return count;
}

void signals_release(void)
{
    for (int i = 0; i < numbers_count; i++)
        (void)sigaction(numbers[i], &before[i], NULL);
    for (int i = 0; i < 2; i++) {
        (void)close(ends[i]);
        ends[i] = -1;
    }
}
