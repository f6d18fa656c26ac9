/* SPDX-License-Identifier: MIT */
#include "checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint_line.h"
#include "checkpoint_read.h"

/* ---- Writing --------------------------------------------------------------------------------- */

/* Writes lines, all or none. @return 0, or errno */
static int write_lines(struct checkpoint *checkpoint, const char *lines, size_t n)
{
    size_t written = 0;
    if (checkpoint->has_failed)
        return EIO;
    while (written < n) {
        const ssize_t now = write(checkpoint->fd, lines + written, n - written);
        if (now < 0 && errno == EINTR)
            continue;
        if (now <= 0) {
            const int failure = now < 0 ? errno : ENOSPC;
            /* Half a line must not stand before others. Without it shorter ones may find room on a
             * full disk, such as how those ended that are under way. */
            checkpoint->has_failed = ftruncate(checkpoint->fd, (off_t)checkpoint->length) != 0;
            return failure;
        }
        written += (size_t)now;
    }
    checkpoint->length += n;
    return 0;
}

/* Notes how it is with those recipients of a message that it goes to, or with the message if that
 * is all of them. @return false without memory; nothing was added then */
static bool add_lines(struct bytes *lines, const struct item *item, enum known_state state)
{
    const size_t before = lines->length;
    if (!item->is_part)
        return checkpoint_line_add(lines, state, item->identity, NULL);
    const size_t count = item->message ? ph_message_recipient_count(item->message) : 0;
    for (size_t i = 0; i < count; i++) {
        const char *mailbox = ph_message_recipient_mailbox(item->message, i);
        if (checkpoint_line_add(lines, state, item->identity, mailbox))
            continue;
        lines->length = before;
        return false;
    }
    return true;
}

bool checkpoint_begin(struct checkpoint *checkpoint, const struct item *item)
{
    return add_lines(&checkpoint->pending, item, KNOWN_BEGUN);
}

static int write_pending(struct checkpoint *checkpoint)
{
    return write_lines(checkpoint, checkpoint->pending.data, checkpoint->pending.length);
}

int checkpoint_commit(struct checkpoint *checkpoint)
{
    if (checkpoint->pending.length == 0 && !checkpoint->is_unsynced)
        return 0;
    int failure = write_pending(checkpoint);
    bytes_clear(&checkpoint->pending);
    checkpoint->is_unsynced = false;
    if (failure == 0 && fdatasync(checkpoint->fd) != 0)
        failure = errno;
    return failure;
}

/* The message's own line stands last: what a crash leaves without it is begun, and not sent. */
static bool add_end(struct bytes *lines, const struct item *item, const struct ends *ends)
{
    if (!ends->differ)
        return add_lines(lines, item, ends->whole);
    for (size_t i = 0; i < ph_message_recipient_count(item->message); i++) {
        const enum known_state state = ends_of(ends, i);
        if ((item->is_part || state != ends->whole) &&
            !checkpoint_line_add(lines, state, item->identity,
                                 ph_message_recipient_mailbox(item->message, i)))
            return false;
    }
    return item->is_part || checkpoint_line_add(lines, ends->whole, item->identity, NULL);
}

int checkpoint_end(struct checkpoint *checkpoint, const struct item *item, const struct ends *ends)
{
    const size_t begun = checkpoint->pending.length;
    const int failure =
        add_end(&checkpoint->pending, item, ends) ? write_pending(checkpoint) : ENOMEM;
    if (failure != 0) {
        checkpoint->pending.length = begun;
        return failure;
    }
    bytes_clear(&checkpoint->pending);
    checkpoint->is_unsynced |= begun > 0;
    return 0;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static const ph_error *refuse_file(const struct checkpoint *checkpoint, const char *what,
                                   int failure, struct problem *problem)
{
    return problem_of_file(problem, failure, "the checkpoint %.300s cannot be %s", checkpoint->path,
                           what);
}

static const ph_error *lock(const struct checkpoint *checkpoint, struct problem *problem)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(checkpoint->fd, F_SETLK, &all) == 0)
        return NULL;
    if (errno != EACCES && errno != EAGAIN)
        return refuse_file(checkpoint, "locked", errno, problem);
    return problem_of_file(problem, 0, "another run uses the checkpoint %.300s at this moment",
                           checkpoint->path);
}

/* The name of a new file is on the disk only with its folder. */
static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    const int fd = folder ? open(folder, O_RDONLY | O_CLOEXEC) : -1;
    free(folder);
    if (fd < 0)
        return;
    (void)fsync(fd); /* file systems that cannot need not */
    (void)close(fd);
}

/* Reads through a stream of its own. Closing any descriptor of the file would give up the lock, so
 * that the stream stays until the end. */
static const ph_error *read_file(struct checkpoint *checkpoint, const char *ours,
                                 struct problem *problem)
{
    checkpoint->stream = fdopen(checkpoint->fd, "r+e");
    if (!checkpoint->stream)
        return refuse_file(checkpoint, "read", errno, problem);
    const ph_error *error = checkpoint_read(checkpoint, checkpoint->stream, ours, problem);
    if (!error && ferror(checkpoint->stream))
        return refuse_file(checkpoint, "read", errno, problem);
    return error;
}

/* Drops what a crash left half written, and writes the beginning if there is none. */
static const ph_error *prepare_writing(struct checkpoint *checkpoint, const char *ours,
                                       struct problem *problem)
{
    int failure = ftruncate(checkpoint->fd, (off_t)checkpoint->length) != 0 ? errno : 0;
    if (failure == 0 && checkpoint->length == 0) {
        failure = write_lines(checkpoint, checkpoint_first_line, strlen(checkpoint_first_line));
        if (failure == 0)
            failure = write_lines(checkpoint, ours, strlen(ours));
        sync_folder(checkpoint->path);
    }
    return failure == 0 ? NULL : refuse_file(checkpoint, "written", failure, problem);
}

static const ph_error *open_locked(struct checkpoint *checkpoint, const char *ours,
                                   struct problem *problem)
{
    struct stat status;
    checkpoint->fd = open(checkpoint->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (checkpoint->fd < 0 || fstat(checkpoint->fd, &status) != 0)
        return refuse_file(checkpoint, "opened", errno, problem);
    if (!S_ISREG(status.st_mode))
        return refuse_file(checkpoint, "a pipe, device or socket", 0, problem);
    const ph_error *error = lock(checkpoint, problem);
    if (!error)
        error = read_file(checkpoint, ours, problem);
    return error ? error : prepare_writing(checkpoint, ours, problem);
}

const ph_error *checkpoint_open(struct checkpoint *checkpoint, const char *path,
                                const struct source *source, uint64_t job, struct problem *problem)
{
    struct bytes ours = {.data = NULL};
    *checkpoint = (struct checkpoint){.path = path, .fd = -1, .is_ordered = source->is_ordered};
    const ph_error *error = checkpoint_source_line(source, job, &ours)
                                ? open_locked(checkpoint, ours.data, problem)
                                : problem_of_memory(problem);
    bytes_release(&ours);
    if (error)
        (void)checkpoint_close(checkpoint);
    return error;
}

enum known_state checkpoint_state(const struct checkpoint *checkpoint, const struct item *item)
{
    return known_get(&checkpoint->known, item->identity);
}

bool checkpoint_knows_parts(const struct checkpoint *checkpoint, const struct item *item)
{
    return known_get(&checkpoint->parted, item->identity) != KNOWN_NOT;
}

bool checkpoint_recipient_state(const struct checkpoint *checkpoint, const struct item *item,
                                const char *mailbox, enum known_state *state)
{
    struct bytes key = {.data = NULL};
    const bool is_made = checkpoint_line_key(&key, item->identity, mailbox);
    *state = is_made ? known_get(&checkpoint->known, key.data) : KNOWN_NOT;
    bytes_release(&key);
    if (*state == KNOWN_NOT)
        *state = checkpoint_state(checkpoint, item);
    return is_made;
}

bool checkpoint_contradicts(const struct checkpoint *checkpoint, const struct item *item)
{
    return checkpoint->has_begun && item->offset <= checkpoint->last_offset &&
           checkpoint_state(checkpoint, item) == KNOWN_NOT;
}

int checkpoint_close(struct checkpoint *checkpoint)
{
    int failure = 0;
    if (checkpoint->fd >= 0 && !checkpoint->has_failed && fdatasync(checkpoint->fd) != 0)
        failure = errno;
    if (checkpoint->stream)
        (void)fclose(checkpoint->stream);
    else if (checkpoint->fd >= 0)
        (void)close(checkpoint->fd);
    known_release(&checkpoint->known);
    known_release(&checkpoint->parted);
    bytes_release(&checkpoint->pending);
    checkpoint->stream = NULL;
    checkpoint->fd = -1;
    return failure;
}
