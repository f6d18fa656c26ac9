/* SPDX-License-Identifier: MIT */
/* A progress bar on a terminal. It goes to stderr and leaves no trace. */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    large = 1024 * 1024, /* smaller messages are gone before a bar could be read */
    redraw_ms = 100,
    bar_width = 30
};

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static double mebibytes(uint64_t bytes)
{
    return (double)bytes / (1024 * 1024);
}

void progress_begin(struct progress *progress, uint64_t total)
{
    *progress = (struct progress){.total = total, .begun_ms = now_ms()};
    progress->is_on = isatty(STDERR_FILENO) == 1 && (total == 0 || total > large);
}

static void draw_bar(const struct progress *progress)
{
    char bar[bar_width + 1];
    /* A file that grows meanwhile has more than all of it. */
    const uint64_t done = progress->done < progress->total ? progress->done : progress->total;
    const size_t filled = (size_t)((double)done / (double)progress->total * bar_width);
    memset(bar, ' ', bar_width);
    memset(bar, '=', filled);
    if (filled < bar_width)
        bar[filled] = '>';
    bar[bar_width] = '\0';
    (void)fprintf(stderr, "\r[%s] %3d %%  ", bar,
                  (int)((double)done / (double)progress->total * 100));
}

static void draw(struct progress *progress, uint64_t now)
{
    const double seconds = (double)(now - progress->begun_ms) / 1000;
    (void)fputs("\x1b[?7l", stderr); /* a line that wraps could not be drawn over */
    if (progress->total > 0)
        draw_bar(progress);
    else
        (void)fputc('\r', stderr);
    (void)fprintf(stderr, "%.1f MiB", mebibytes(progress->done));
    if (progress->total > 0)
        (void)fprintf(stderr, " of %.1f MiB", mebibytes(progress->total));
    if (seconds > 0.5)
        (void)fprintf(stderr, ", %.1f MiB/s", mebibytes(progress->done) / seconds);
    (void)fputs("\x1b[K\x1b[?7h", stderr); /* clears what a longer line left */
    (void)fflush(stderr);
    progress->is_drawn = true;
    progress->drawn_ms = now;
}

void progress_add(struct progress *progress, uint64_t n)
{
    progress->done += n;
    if (!progress->is_on || (progress->total == 0 && progress->done <= large))
        return;
    const uint64_t now = now_ms();
    if (!progress->is_drawn || now - progress->drawn_ms >= redraw_ms)
        draw(progress, now);
}

void progress_end(struct progress *progress)
{
    if (progress->is_drawn)
        (void)fputs("\r\x1b[K", stderr);
    progress->is_on = false;
    progress->is_drawn = false;
}
