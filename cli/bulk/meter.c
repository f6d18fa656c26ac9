/* SPDX-License-Identifier: MIT */
#include "meter.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    sample_ms = 500,
    terminal_ms = 200,
    plain_ms = 10000
};

void meter_begin(struct meter *meter, bool is_on, uint64_t interval_ms, uint64_t now_ms)
{
    *meter = (struct meter){.is_on = is_on, .is_terminal = isatty(STDERR_FILENO) == 1};
    meter->interval_ms = interval_ms ? interval_ms : meter->is_terminal ? terminal_ms : plain_ms;
    meter->shown_ms = now_ms;
    meter_sample(meter, now_ms);
}

void meter_add(struct meter *meter, uint64_t units, uint64_t messages)
{
    meter->now.units += units;
    meter->now.messages += messages;
    /* What earlier runs did takes no time, and says nothing of the speed. */
    for (size_t i = 0; messages == 0 && i < meter->count; i++)
        meter->samples[i].units += units;
}

void meter_sample(struct meter *meter, uint64_t now_ms)
{
    const size_t last = (meter->next + meter_samples - 1) % meter_samples;
    meter->now.ms = now_ms;
    if (meter->count > 0 && now_ms - meter->samples[last].ms < sample_ms)
        return;
    meter->samples[meter->next] = meter->now;
    meter->next = (meter->next + 1) % meter_samples;
    if (meter->count < meter_samples)
        meter->count++;
}

static const struct meter_sample *oldest(const struct meter *meter)
{
    return &meter->samples[meter->count < meter_samples ? 0 : meter->next];
}

static double seconds_since_oldest(const struct meter *meter)
{
    return meter->count ? (double)(meter->now.ms - oldest(meter)->ms) / 1000 : 0;
}

double meter_rate(const struct meter *meter)
{
    const double seconds = seconds_since_oldest(meter);
    return seconds > 0 ? (double)(meter->now.messages - oldest(meter)->messages) / seconds : 0;
}

double meter_seconds_left(const struct meter *meter)
{
    const double seconds = seconds_since_oldest(meter);
    const double done = meter->count ? (double)(meter->now.units - oldest(meter)->units) : 0;
    if (meter->total == 0 || done <= 0 || seconds <= 0)
        return -1;
    if (meter->now.units >= meter->total)
        return 0;
    return (double)(meter->total - meter->now.units) / done * seconds;
}

/* ---- The line -------------------------------------------------------------------------------- */

static void append(struct meter_line *line, const char *format, ...) PH_PRINTF(2, 3);
static void append(struct meter_line *line, const char *format, ...)
{
    const size_t used = strlen(line->text);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line->text + used, sizeof line->text - used, format, arguments);
    va_end(arguments);
}

static void append_time_left(struct meter_line *line, double left)
{
    if (left < 0 || left > 1e9)
        return;
    const uint64_t seconds = (uint64_t)(left + 0.5);
    if (seconds >= 3600)
        append(line, ", %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left", seconds / 3600,
               seconds / 60 % 60, seconds % 60);
    else
        append(line, ", %" PRIu64 ":%02" PRIu64 " left", seconds / 60, seconds % 60);
}

struct meter_line meter_line(const struct meter *meter, const struct tally *tally)
{
    struct meter_line line = {.text = ""};
    append(&line, "%" PRIu64, tally_done(tally));
    if (meter->counts_messages && meter->total > 0)
        append(&line, " of %" PRIu64, meter->total - (meter->now.units - meter->now.messages));
    append(&line, " done, %" PRIu64 " failed, %.1f/s", tally_failed(tally), meter_rate(meter));
    if (!meter->counts_messages && meter->total > 0)
        append(&line, ", %d %%", (int)((double)meter->now.units / (double)meter->total * 100));
    append_time_left(&line, meter_seconds_left(meter));
    return line;
}

void meter_show(struct meter *meter, const struct tally *tally, uint64_t now_ms)
{
    meter_sample(meter, now_ms);
    if (!meter->is_on || now_ms - meter->shown_ms < meter->interval_ms)
        return;
    meter->shown_ms = now_ms;
    meter->is_drawn = meter->is_terminal;
    const struct meter_line line = meter_line(meter, tally);
    /* Without its wrapping a narrow terminal cuts the line off; wrapped, it could not be redrawn.
     */
    if (meter->is_terminal)
        (void)fprintf(stderr, "\x1b[?7l\r%s\x1b[K\x1b[?7h", line.text);
    else
        (void)fprintf(stderr, "posthaste bulk: %s\n", line.text);
    (void)fflush(stderr);
}

int meter_timeout(const struct meter *meter, uint64_t now_ms)
{
    if (!meter->is_on)
        return -1;
    const uint64_t due = meter->shown_ms + meter->interval_ms;
    if (due <= now_ms)
        return 0;
    return due - now_ms < INT_MAX ? (int)(due - now_ms) : INT_MAX;
}

void meter_clear(struct meter *meter)
{
    if (meter->is_drawn)
        (void)fputs("\r\x1b[K", stderr);
    meter->is_drawn = false;
}
