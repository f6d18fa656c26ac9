/* SPDX-License-Identifier: MIT */
/* realpath is XSI in the C library's eyes, and base in POSIX's. */
#define _XOPEN_SOURCE 700
#include "checkpoint_read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint_line.h"
#include "identity.h"

const char checkpoint_first_line[] = "posthaste bulk checkpoint 1\n";

/* ---- Lines ----------------------------------------------------------------------------------- */

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
        return problem_of_memory(problem);
    if (failure == 0 && damaged != 0)
        return refuse_damaged(checkpoint, damaged, problem);
    return NULL;
}

/* ---- Whose it is ----------------------------------------------------------------------------- */

bool checkpoint_source_line(const struct source *source, uint64_t job, struct bytes *line)
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
    return n <= 0 || (line[n - 1] != '\n' && strncmp(checkpoint_first_line, line, (size_t)n) == 0);
}

const ph_error *checkpoint_read(struct checkpoint *checkpoint, FILE *file, const char *ours,
                                struct problem *problem)
{
    char *line = NULL;
    size_t capacity = 0;
    const ph_error *error = NULL;
    ssize_t n = getline(&line, &capacity, file);
    if (!is_unfinished(line, n) && strcmp(line, checkpoint_first_line) != 0) {
        error = problem_set(problem, PH_ERR_SOURCE, PH_PHASE_NONE, 0,
                            "%.300s is no checkpoint of posthaste bulk; nothing was sent, and it "
                            "was not touched",
                            checkpoint->path);
    } else if (!is_unfinished(line, n) && (n = getline(&line, &capacity, file)) > 0 &&
               line[n - 1] == '\n') {
        checkpoint->length = strlen(checkpoint_first_line) + strlen(ours);
        error = strcmp(line, ours) == 0 ? read_lines(checkpoint, file, problem)
                                        : refuse_other(checkpoint, line, ours, problem);
    }
    free(line);
    return error;
}
