/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int ends[2] = {-1, -1};
static volatile sig_atomic_t count;
static struct sigaction interrupt_before, terminate_before;

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
    (void)sigaction(SIGINT, &action, &interrupt_before);
    (void)sigaction(SIGTERM, &action, &terminate_before);
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
    (void)sigaction(SIGINT, &interrupt_before, NULL);
    (void)sigaction(SIGTERM, &terminate_before, NULL);
    for (int i = 0; i < 2; i++) {
        (void)close(ends[i]);
        ends[i] = -1;
    }
}
