/* SPDX-License-Identifier: MIT */
#include "cli/bulk/checkpoint.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/base/test.h"
#include "unit/cli/folder.h"

static const struct source_kind kind = {.name = "mbox"};
static char source_path[] = "/nonexistent/mbox";

static struct source make_source(void)
{
    return (struct source){.kind = &kind, .path = source_path, .is_ordered = true};
}

static struct item item_of(char *identity, uint64_t offset)
{
    return (struct item){.identity = identity, .offset = offset};
}

static const ph_error *open_file(void **state, struct checkpoint *checkpoint,
                                 struct problem *problem)
{
    static char path[512];
    const struct source source = make_source();
    (void)snprintf(path, sizeof path, "%s", folder_path(state, "state"));
    return checkpoint_open(checkpoint, path, &source, 7, problem);
}

static void open_well(void **state, struct checkpoint *checkpoint)
{
    struct problem problem;
    const ph_error *error = open_file(state, checkpoint, &problem);
    if (error)
        fail_msg("%s", error->message);
}

static void close_well(struct checkpoint *checkpoint)
{
    assert_int_equal(checkpoint_close(checkpoint), 0);
}

/* @return what the file holds, to be freed */
static char *text_of_file(void **state, size_t *n)
{
    static char text[4096];
    FILE *file = fopen(folder_path(state, "state"), "r");
    assert_non_null(file);
    *n = fread(text, 1, sizeof text - 1, file);
    text[*n] = '\0';
    assert_int_equal(fclose(file), 0);
    return text;
}

static int end_of(struct checkpoint *checkpoint, const struct item *item, enum known_state state)
{
    const struct ends ends = {.whole = state};
    return checkpoint_end(checkpoint, item, &ends);
}

static char first[] = "0-aa";
static char second[] = "40-bb";
static char third[] = "80-cc";

/* A run that sent the first, refused the second and died over the third. */
static void make_history(void **state)
{
    struct checkpoint checkpoint;
    struct item items[] = {item_of(first, 0), item_of(second, 40), item_of(third, 80)};
    open_well(state, &checkpoint);
    for (size_t i = 0; i < ROWS(items); i++) {
        assert_int_equal(checkpoint_state(&checkpoint, &items[i]), KNOWN_NOT);
        assert_false(checkpoint_contradicts(&checkpoint, &items[i]));
        assert_true(checkpoint_begin(&checkpoint, &items[i]));
    }
    assert_int_equal(checkpoint_commit(&checkpoint), 0);
    assert_int_equal(end_of(&checkpoint, &items[0], KNOWN_SENT), 0);
    assert_int_equal(end_of(&checkpoint, &items[1], KNOWN_REFUSED), 0);
    close_well(&checkpoint);
}

static void assert_history(void **state)
{
    struct checkpoint checkpoint;
    struct item items[] = {item_of(first, 0), item_of(second, 40), item_of(third, 80)};
    open_well(state, &checkpoint);
    assert_int_equal(checkpoint_state(&checkpoint, &items[0]), KNOWN_SENT);
    assert_int_equal(checkpoint_state(&checkpoint, &items[1]), KNOWN_REFUSED);
    assert_int_equal(checkpoint_state(&checkpoint, &items[2]), KNOWN_BEGUN);
    close_well(&checkpoint);
}

static void what_happened__is_known_to_the_next_run(void **state)
{
    make_history(state);
    assert_history(state);
    assert_history(state); /* reading changes nothing */
}

static enum known_state recipient_state(const struct checkpoint *checkpoint,
                                        const struct item *item, const char *mailbox)
{
    enum known_state known;
    assert_true(checkpoint_recipient_state(checkpoint, item, mailbox, &known));
    return known;
}

static void recipients__are_known_one_by_one(void **state)
{
    struct checkpoint checkpoint;
    struct item item = item_of(first, 0);
    const struct item other = item_of(second, 40);
    size_t before, n;
    open_well(state, &checkpoint);
    (void)text_of_file(state, &before);
    assert_int_equal(end_of(&checkpoint, &item, KNOWN_SENT), 0);
    item.is_part = true;
    assert_int_equal(ph_message_new(NULL, &item.message), PH_OK);
    assert_int_equal(ph_message_add_recipient(item.message, "\"b %\"@x.org"), PH_OK);
    assert_int_equal(ph_message_add_recipient(item.message, "c@x.org"), PH_OK);
    assert_int_equal(end_of(&checkpoint, &item, KNOWN_FAILED), 0);
    assert_true(checkpoint_begin(&checkpoint, &item));
    assert_int_equal(end_of(&checkpoint, &other, KNOWN_SENT), 0);
    assert_string_equal(text_of_file(state, &n) + before,
                        "sent 0-aa\nfailed 0-aa \"b%20%25\"@x.org\nfailed 0-aa c@x.org\n"
                        "begun 0-aa \"b%20%25\"@x.org\nbegun 0-aa c@x.org\nsent 40-bb\n");
    assert_int_equal(end_of(&checkpoint, &item, KNOWN_FAILED), 0);
    close_well(&checkpoint);
    open_well(state, &checkpoint);
    assert_true(checkpoint_knows_parts(&checkpoint, &item));
    assert_false(checkpoint_knows_parts(&checkpoint, &other));
    assert_int_equal(recipient_state(&checkpoint, &item, "\"b %\"@x.org"), KNOWN_FAILED);
    assert_int_equal(recipient_state(&checkpoint, &item, "c@x.org"), KNOWN_FAILED);
    assert_int_equal(recipient_state(&checkpoint, &item, "a@x.org"), KNOWN_SENT);
    close_well(&checkpoint);
    ph_message_free(item.message);
}

static void begun__is_written_by_the_commit(void **state)
{
    struct checkpoint checkpoint;
    struct item item = item_of(first, 0);
    size_t before, n;
    open_well(state, &checkpoint);
    (void)text_of_file(state, &before);
    assert_true(checkpoint_begin(&checkpoint, &item));
    (void)text_of_file(state, &n);
    assert_int_equal(n, before);
    assert_int_equal(checkpoint_commit(&checkpoint), 0);
    assert_string_equal(text_of_file(state, &n) + before, "begun 0-aa\n");
    close_well(&checkpoint);
}

static void ends__stand_behind_what_was_begun_before(void **state)
{
    struct checkpoint checkpoint;
    const struct item items[] = {item_of(first, 0), item_of(second, 40), item_of(third, 80)};
    size_t before, n;
    open_well(state, &checkpoint);
    (void)text_of_file(state, &before);
    assert_true(checkpoint_begin(&checkpoint, &items[0]));
    assert_int_equal(end_of(&checkpoint, &items[1], KNOWN_REFUSED), 0); /* it was never begun */
    assert_string_equal(text_of_file(state, &n) + before, "begun 0-aa\nrefused 40-bb\n");
    assert_true(checkpoint.is_unsynced);
    assert_true(checkpoint_begin(&checkpoint, &items[2]));
    assert_int_equal(checkpoint_commit(&checkpoint), 0);
    assert_false(checkpoint.is_unsynced);
    assert_string_equal(text_of_file(state, &n) + before,
                        "begun 0-aa\nrefused 40-bb\nbegun 80-cc\n");
    close_well(&checkpoint);
}

/* Lets files have @p n bytes at most: the nearest to a full disk that needs no file system. */
static void limit_files(size_t n)
{
    struct rlimit limit;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = n;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk__keeps_whole_lines_and_takes_what_fits(void **state)
{
    struct checkpoint checkpoint;
    const struct item items[] = {item_of(first, 0), item_of(second, 40), item_of(third, 80)};
    struct rlimit usual;
    size_t before, n;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
    open_well(state, &checkpoint);
    assert_true(checkpoint_begin(&checkpoint, &items[0]));
    assert_int_equal(checkpoint_commit(&checkpoint), 0);
    (void)text_of_file(state, &before);
    limit_files(before + 15);
    assert_true(checkpoint_begin(&checkpoint, &items[1]));
    assert_true(checkpoint_begin(&checkpoint, &items[2]));
    assert_int_equal(checkpoint_commit(&checkpoint), EFBIG);
    (void)text_of_file(state, &n);
    assert_int_equal(n, before);
    assert_int_equal(end_of(&checkpoint, &items[0], KNOWN_SENT), 0);
    assert_string_equal(text_of_file(state, &n) + before, "sent 0-aa\n");
    assert_true(checkpoint_begin(&checkpoint, &items[1]));
    assert_int_equal(end_of(&checkpoint, &items[2], KNOWN_REFUSED), EFBIG);
    (void)text_of_file(state, &n);
    assert_int_equal(n, before + 10);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
    assert_int_equal(checkpoint_commit(&checkpoint), 0); /* it still has what was begun, alone */
    assert_string_equal(text_of_file(state, &n) + before, "sent 0-aa\nbegun 40-bb\n");
    close_well(&checkpoint);
}

static void cut_anywhere__the_whole_lines_count(void **state)
{
    make_history(state);
    size_t n, k;
    char *text = text_of_file(state, &n);
    char whole[4096];
    memcpy(whole, text, n + 1);
    for (k = 0; k <= n; k++) {
        folder_write_bytes(state, "state", whole, k);
        struct checkpoint checkpoint;
        struct item items[] = {item_of(first, 0), item_of(second, 40), item_of(third, 80)};
        open_well(state, &checkpoint);
        const char *end = strstr(whole, "begun 80-cc\n");
        const bool has_third = k >= (size_t)(end - whole) + 12;
        assert_int_equal(checkpoint_state(&checkpoint, &items[2]),
                         has_third ? KNOWN_BEGUN : KNOWN_NOT);
        assert_int_equal(checkpoint_state(&checkpoint, &items[1]),
                         k == n ? KNOWN_REFUSED
                         : k >= (size_t)(strstr(whole, "begun 40-bb\n") - whole) + 12 ? KNOWN_BEGUN
                                                                                      : KNOWN_NOT);
        /* It goes on behind the last whole line. */
        assert_true(checkpoint_begin(&checkpoint, &items[2]));
        assert_int_equal(checkpoint_commit(&checkpoint), 0);
        close_well(&checkpoint);
        open_well(state, &checkpoint);
        assert_int_equal(checkpoint_state(&checkpoint, &items[2]), KNOWN_BEGUN);
        close_well(&checkpoint);
    }
}

static void what_a_crash_leaves__is_dropped_at_the_end_alone(void **state)
{
    struct checkpoint checkpoint;
    struct problem problem;
    make_history(state);
    size_t n;
    char text[4096];
    char *now = text_of_file(state, &n);
    memcpy(text, now, n);
    memset(text + n, 0, 100); /* blocks that never got to the disk */
    folder_write_bytes(state, "state", text, n + 100);
    assert_history(state);
    (void)text_of_file(state, &n);
    memcpy(text + n, "begun x y z\nnonsense\n", 21);
    folder_write_bytes(state, "state", text, n + 21);
    assert_history(state);
    (void)text_of_file(state, &n);
    memcpy(text + n, "begun x y z\nsent 40-bb\n", 23);
    folder_write_bytes(state, "state", text, n + 23);
    const ph_error *error = open_file(state, &checkpoint, &problem);
    assert_non_null(error);
    assert_non_null(strstr(error->message, "damaged in line 8"));
    size_t after;
    (void)text_of_file(state, &after);
    assert_int_equal(after, n + 23);
}

static void what_belongs_to_others__is_refused(void **state)
{
    struct checkpoint checkpoint;
    struct problem problem;
    char path[512];
    (void)snprintf(path, sizeof path, "%s", folder_path(state, "state"));
    make_history(state);
    static char other_path[] = "/nonexistent/other mbox";
    static const struct source_kind maildir = {.name = "maildir"};
    const struct {
        struct source source;
        uint64_t job;
        const char *word;
    } rows[] = {
        {{.kind = &kind, .path = other_path}, 7, "/nonexistent/mbox"},
        {{.kind = &kind, .path = source_path}, 8, "another sender"},
        {{.kind = &kind, .path = source_path, .digest = 1}, 7, "another sender"},
        {{.kind = &maildir, .path = source_path}, 7, "another sender"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const ph_error *error =
            checkpoint_open(&checkpoint, path, &rows[i].source, rows[i].job, &problem);
        assert_non_null(error);
        assert_non_null(strstr(error->message, rows[i].word));
    }
    assert_history(state);
    folder_write(state, "state", "Dear diary\n");
    const ph_error *error = open_file(state, &checkpoint, &problem);
    assert_non_null(error);
    assert_non_null(strstr(error->message, "is no checkpoint"));
    size_t n;
    assert_string_equal(text_of_file(state, &n), "Dear diary\n");
}

static void a_source_that_changed__is_noticed(void **state)
{
    struct checkpoint checkpoint;
    char changed[] = "40-ff";
    char moved[] = "50-bb";
    char added[] = "81-dd";
    struct item known = item_of(second, 40);
    struct item other = item_of(changed, 40);
    struct item between = item_of(moved, 50);
    struct item behind = item_of(added, 81);
    make_history(state);
    open_well(state, &checkpoint);
    assert_false(checkpoint_contradicts(&checkpoint, &known));
    assert_true(checkpoint_contradicts(&checkpoint, &other));
    assert_true(checkpoint_contradicts(&checkpoint, &between));
    assert_false(checkpoint_contradicts(&checkpoint, &behind));
    close_well(&checkpoint);
}

static void two_runs__do_not_share_a_file(void **state)
{
    struct checkpoint checkpoint;
    open_well(state, &checkpoint);
    const pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        struct checkpoint theirs;
        struct problem problem;
        const ph_error *error = open_file(state, &theirs, &problem);
        _exit(error && strstr(error->message, "another run") ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close_well(&checkpoint);
}

static void many_messages__are_all_known(void **state)
{
    enum {
        count = 5000
    };
    struct checkpoint checkpoint;
    char identity[32];
    open_well(state, &checkpoint);
    for (int i = 0; i < count; i++) {
        (void)snprintf(identity, sizeof identity, "%d-x", i);
        struct item item = item_of(identity, (uint64_t)i);
        assert_true(checkpoint_begin(&checkpoint, &item));
        assert_int_equal(checkpoint_commit(&checkpoint), 0);
        assert_int_equal(end_of(&checkpoint, &item, i % 2 ? KNOWN_SENT : KNOWN_FAILED), 0);
    }
    close_well(&checkpoint);
    open_well(state, &checkpoint);
    for (int i = 0; i < count; i++) {
        (void)snprintf(identity, sizeof identity, "%d-x", i);
        const struct item item = item_of(identity, (uint64_t)i);
        assert_int_equal(checkpoint_state(&checkpoint, &item), i % 2 ? KNOWN_SENT : KNOWN_FAILED);
    }
    close_well(&checkpoint);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_happened__is_known_to_the_next_run),
        IN_FOLDER(recipients__are_known_one_by_one),
        IN_FOLDER(begun__is_written_by_the_commit),
        IN_FOLDER(ends__stand_behind_what_was_begun_before),
        IN_FOLDER(a_full_disk__keeps_whole_lines_and_takes_what_fits),
        IN_FOLDER(cut_anywhere__the_whole_lines_count),
        IN_FOLDER(what_a_crash_leaves__is_dropped_at_the_end_alone),
        IN_FOLDER(what_belongs_to_others__is_refused),
        IN_FOLDER(a_source_that_changed__is_noticed),
        IN_FOLDER(two_runs__do_not_share_a_file),
        IN_FOLDER(many_messages__are_all_known),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
