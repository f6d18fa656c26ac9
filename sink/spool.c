/* SPDX-License-Identifier: MIT */
/* The content of a message as it comes in, in memory or in a file. */
#include "sink/spool.h"

#include <errno.h>

enum {
    memory_max = 1024 * 1024, /* of one message, before it goes to a file */
    memory_kept = 64 * 1024,  /* by an empty spool, for the next message */
    part = 64 * 1024          /* of what is read back at a time */
};

static void write_out(struct spool *spool, const char *data, size_t n)
{
    if (n > 0 && fwrite(data, n, 1, spool->file) != 1)
        spool->has_failed = true;
}

static void move_to_file(struct spool *spool)
{
    spool->file = tmpfile();
    if (!spool->file) {
        spool->has_failed = true;
        return;
    }
    write_out(spool, spool->memory.data, spool->memory.length);
    sink_bytes_free(&spool->memory);
}

void sink_spool_append(struct spool *spool, const char *data, size_t n)
{
    if (spool->has_failed)
        return;
    if (!spool->file && spool->memory.length + n > memory_max)
        move_to_file(spool);
    if (spool->file)
        write_out(spool, data, n);
    else if (!spool->has_failed)
        sink_bytes_append(&spool->memory, data, n);
}

static bool each_of_file(FILE *file, sink_spool_take take, void *user_data)
{
    char room[part];
    size_t n;
    if (fflush(file) != 0 || fseek(file, 0, SEEK_SET) != 0)
        return false;
    while ((n = fread(room, 1, sizeof room, file)) > 0) {
        if (!take(room, n, user_data))
            return false;
    }
    return !ferror(file);
}

bool sink_spool_each(struct spool *spool, sink_spool_take take, void *user_data)
{
    if (spool->has_failed) {
        errno = EIO;
        return false;
    }
    if (spool->file)
        return each_of_file(spool->file, take, user_data);
    return spool->memory.length == 0 || take(spool->memory.data, spool->memory.length, user_data);
}

void sink_spool_clear(struct spool *spool)
{
    if (spool->file)
        (void)fclose(spool->file);
    spool->file = NULL;
    spool->has_failed = false;
    spool->memory.length = 0;
    if (spool->memory.capacity > memory_kept)
        sink_bytes_free(&spool->memory);
}

void sink_spool_free(struct spool *spool)
{
    sink_spool_clear(spool);
    sink_bytes_free(&spool->memory);
}
