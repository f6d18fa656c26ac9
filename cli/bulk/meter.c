/* SPDX-License-Identifier: MIT */
#include "meter.h"

#include <inttypes.h>
#include <stdio.h>
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

static void print_time_left(double left)
{
    const uint64_t seconds = (uint64_t)(left + 0.5);
    if (left < 0 || left > 1e9)
        return;
    if (seconds >= 3600)
        (void)fprintf(stderr, ", %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left", seconds / 3600,
                      seconds / 60 % 60, seconds % 60);
    else
        (void)fprintf(stderr, ", %" PRIu64 ":%02" PRIu64 " left", seconds / 60, seconds % 60);
}

static void print_line(const struct meter *meter, const struct tally *tally)
{
    (void)fprintf(stderr, "%" PRIu64, tally_done(tally));
    if (meter->counts_messages && meter->total > 0)
        (void)fprintf(stderr, " of %" PRIu64,
                      meter->total - (meter->now.units - meter->now.messages));
    (void)fprintf(stderr, " done, %" PRIu64 " failed, %.1f/s", tally_failed(tally),
                  meter_rate(meter));
    if (!meter->counts_messages && meter->total > 0)
        (void)fprintf(stderr, ", %d %%",
                      (int)((double)meter->now.units / (double)meter->total * 100));
    print_time_left(meter_seconds_left(meter));
}

void meter_show(struct meter *meter, const struct tally *tally, uint64_t now_ms)
{
    meter_sample(meter, now_ms);
    if (!meter->is_on || now_ms - meter->shown_ms < meter->interval_ms)
        return;
    meter->shown_ms = now_ms;
    meter->is_drawn = meter->is_terminal;
    if (meter->is_terminal)
        (void)fputc('\r', stderr);
    else
        (void)fputs("posthaste bulk: ", stderr);
    print_line(meter, tally);
    (void)fputs(meter->is_terminal ? "\x1b[K" : "\n", stderr);
    (void)fflush(stderr);
}

int meter_timeout(const struct meter *meter, uint64_t now_ms)
{
    if (!meter->is_on)
        return -1;
    const uint64_t due = meter->shown_ms + meter->interval_ms;
    return due <= now_ms ? 0 : (int)(due - now_ms);
}

void meter_clear(struct meter *meter)
{
    if (meter->is_drawn)
        (void)fputs("\r\x1b[K", stderr);
    meter->is_drawn = false;
}
