/* SPDX-License-Identifier: MIT */
/* realpath is XSI in the C library's eyes, and base in POSIX's. */
#define _XOPEN_SOURCE 700
#include "checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint_line.h"
#include "identity.h"

static const char first_line[] = "posthaste bulk checkpoint 1\n";

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
            /* Half a line must not stand before others; if this fails, too, it is the last one. */
            checkpoint->has_failed = true;
            (void)!ftruncate(checkpoint->fd, (off_t)checkpoint->length);
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

int checkpoint_commit(struct checkpoint *checkpoint)
{
    if (checkpoint->pending.length == 0)
        return 0;
    int failure = write_lines(checkpoint, checkpoint->pending.data, checkpoint->pending.length);
    bytes_clear(&checkpoint->pending);
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
    struct bytes lines = {.data = NULL};
    int failure = ENOMEM;
    if (add_end(&lines, item, ends))
        failure = write_lines(checkpoint, lines.data, lines.length);
    bytes_release(&lines);
    return failure;
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* Takes note of a line without its line end. @return 0, EINVAL if it is none, ENOMEM */
static int read_line(struct checkpoint *checkpoint, char *text)
{
    struct checkpoint_line line;
    if (!checkpoint_line_read(&line, text))
        return EINVAL;
    if (!known_set(&checkpoint->known, line.key, line.state))
        return ENOMEM;
    if (checkpoint->is_ordered) {
        const uint64_t offset = strtoull(line.key, NULL, 10);
        if (!checkpoint->has_begun || offset > checkpoint->last_offset)
            checkpoint->last_offset = offset;
        checkpoint->has_begun = true;
    }
    if (!line.blank)
        return 0;
    *line.blank = '\0';
    return known_set(&checkpoint->parted, line.key, line.state) ? 0 : ENOMEM;
}

static const ph_error *refuse_damaged(const struct checkpoint *checkpoint, size_t number,
                                      struct problem *problem)
{
    return problem_set(problem, PH_ERR_SOURCE, PH_PHASE_NONE, 0,
                       "the checkpoint %.300s is damaged in line %zu; nothing was sent. Without it "
                       "nobody knows what was sent before",
                       checkpoint->path, number);
}

/*
 * Reads the lines behind the first two. The last ones may be what a crash left of lines that were
 * not on the disk yet: their messages had not been handed over. What is readable must not stand
 * behind what is not.
 */
static const ph_error *read_lines(struct checkpoint *checkpoint, FILE *file,
                                  struct problem *problem)
{
    char *line = NULL;
    size_t capacity = 0;
    size_t number = 2;
    size_t damaged = 0;
    int failure = 0;
    for (ssize_t n; failure != ENOMEM && (n = getline(&line, &capacity, file)) > 0;) {
        const bool is_whole = line[n - 1] == '\n' && strlen(line) == (size_t)n;
        number++;
        line[is_whole ? n - 1 : 0] = '\0';
        failure = is_whole ? read_line(checkpoint, line) : EINVAL;
        if (failure == EINVAL && damaged == 0)
            damaged = number;
        if (failure == 0 && damaged != 0)
            break;
        if (failure == 0)
            checkpoint->length += (uint64_t)n;
    }
    free(line);
    if (failure == ENOMEM)
        return problem_set(problem, PH_ERR_NO_MEMORY, PH_PHASE_NONE, 0, "out of memory");
    if (failure == 0 && damaged != 0)
        return refuse_damaged(checkpoint, damaged, problem);
    return NULL;
}

/* ---- Whose it is ----------------------------------------------------------------------------- */

/* Writes "source KIND DIGEST PATH". @return false without memory */
static bool make_source_line(const struct source *source, uint64_t job, struct bytes *line)
{
    char digest[40];
    char *real = strcmp(source->path, "-") == 0 ? NULL : realpath(source->path, NULL);
    const char *path = real ? real : source->path;
    char *word = identity_of_name(path, strlen(path));
    free(real);
    (void)snprintf(digest, sizeof digest, " %016" PRIx64 " ",
                   digest_add(job, &source->digest, sizeof source->digest));
    const bool is_made = word && bytes_append(line, "source ", 7) &&
                         bytes_append(line, source->kind->name, strlen(source->kind->name)) &&
                         bytes_append(line, digest, strlen(digest)) &&
                         bytes_append(line, word, strlen(word)) && bytes_append(line, "\n", 1);
    free(word);
    return is_made;
}

/* Two source lines differ: in their paths, or in all else. */
static const ph_error *refuse_other(const struct checkpoint *checkpoint, char *theirs,
                                    const char *ours, struct problem *problem)
{
    const char *their_path = strrchr(theirs, ' ');
    const char *our_path = strrchr(ours, ' ');
    if (their_path && our_path && strcmp(their_path, our_path) == 0)
        return problem_set(problem, PH_ERR_SOURCE, PH_PHASE_NONE, 0,
                           "the checkpoint %.300s belongs to a run with another sender, other "
                           "recipients, another format or template; nothing was sent. Go on with "
                           "the same ones, or begin another checkpoint",
                           checkpoint->path);
    theirs[strcspn(theirs, "\n")] = '\0';
    if (their_path && strcmp(their_path, " -") == 0)
        their_path = " standard input";
    return problem_set(problem, PH_ERR_SOURCE, PH_PHASE_NONE, 0,
                       "the checkpoint %.200s belongs to another source,%.200s; nothing was sent. "
                       "Begin another checkpoint for this one",
                       checkpoint->path, their_path ? their_path : " whose name is not there");
}

/* A file that begins as a checkpoint does but has no whole beginning: a crash in the first moment,
 * or an empty file that somebody made. */
static bool is_unfinished(const char *line, ssize_t n)
{
    return n <= 0 || (line[n - 1] != '\n' && strncmp(first_line, line, (size_t)n) == 0);
}

static const ph_error *read_all(struct checkpoint *checkpoint, FILE *file, const char *ours,
                                struct problem *problem)
{
    char *line = NULL;
    size_t capacity = 0;
    const ph_error *error = NULL;
    ssize_t n = getline(&line, &capacity, file);
    if (!is_unfinished(line, n) && strcmp(line, first_line) != 0) {
        error = problem_set(problem, PH_ERR_SOURCE, PH_PHASE_NONE, 0,
                            "%.300s is no checkpoint of posthaste bulk; nothing was sent, and it "
                            "was not touched",
                            checkpoint->path);
    } else if (!is_unfinished(line, n) && (n = getline(&line, &capacity, file)) > 0 &&
               line[n - 1] == '\n') {
        checkpoint->length = strlen(first_line) + strlen(ours);
        error = strcmp(line, ours) == 0 ? read_lines(checkpoint, file, problem)
                                        : refuse_other(checkpoint, line, ours, problem);
    }
    free(line);
    return error;
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
    const ph_error *error = read_all(checkpoint, checkpoint->stream, ours, problem);
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
        failure = write_lines(checkpoint, first_line, strlen(first_line));
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
    const ph_error *error =
        make_source_line(source, job, &ours)
            ? open_locked(checkpoint, ours.data, problem)
            : problem_set(problem, PH_ERR_NO_MEMORY, PH_PHASE_NONE, 0, "out of memory");
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
