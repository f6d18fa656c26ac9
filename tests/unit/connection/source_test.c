/* SPDX-License-Identifier: MIT */
#include "connection/source.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "unit/base/guarded.h"
#include "unit/base/test.h"

/* Takes a piece of at most @p size bytes into a block of exactly that size. */
static void check_piece(struct ph__source *source, size_t size, const char *expected, bool is_last)
{
    struct guarded room;
    struct ph__slice piece = {0};
    bool ended = !is_last;
    static const char zeros[256];
    guarded_init(&room, zeros, size);
    assert_int_equal(ph__source_next(source, room.bytes, size, &piece, &ended), PH__SOURCE_PIECE);
    assert_int_equal(piece.length, strlen(expected));
    assert_memory_equal(piece.bytes, expected, piece.length);
    assert_int_equal(ended, is_last);
    guarded_release(&room);
}

static void check_failure(struct ph__source *source, const char *problem, int system_errno)
{
    char room[16];
    struct ph__slice piece;
    bool ended;
    assert_int_equal(ph__source_next(source, room, sizeof room, &piece, &ended), PH__SOURCE_FAILED);
    assert_string_equal(source->problem, problem);
    assert_int_equal(source->system_errno, system_errno);
}

/* ---- Memory and what is pushed --------------------------------------------------------------- */

static void memory__is_one_piece_of_its_own(void **state)
{
    (void)state;
    static const char text[] = "hello";
    struct ph__source source = ph__source_memory(text, 5);
    struct ph__slice piece;
    bool is_last = false;
    assert_false(ph__source_needs_buffer(&source));
    assert_int_equal(ph__source_next(&source, NULL, 0, &piece, &is_last), PH__SOURCE_PIECE);
    assert_ptr_equal(piece.bytes, text); /* lent, not copied */
    assert_int_equal(piece.length, 5);
    assert_true(is_last);
}

static void memory__is_given_from_its_start_each_time(void **state)
{
    (void)state;
    struct ph__source source = ph__source_memory("hello", 5);
    for (int i = 0; i < 2; i++)
        check_piece(&source, 0, "hello", true);
}

static void memory__of_nothing_is_an_end_at_once(void **state)
{
    (void)state;
    struct ph__source source = ph__source_memory(NULL, 0);
    struct ph__slice piece;
    bool is_last = false;
    assert_int_equal(ph__source_next(&source, NULL, 0, &piece, &is_last), PH__SOURCE_PIECE);
    assert_int_equal(piece.length, 0);
    assert_true(is_last);
}

static void pushed__has_what_was_pushed_once(void **state)
{
    (void)state;
    struct ph__source source = ph__source_pushed();
    struct ph__slice piece;
    bool is_last;
    assert_false(ph__source_needs_buffer(&source));
    assert_int_equal(ph__source_next(&source, NULL, 0, &piece, &is_last), PH__SOURCE_NOTHING_YET);
    ph__source_push(&source, "one", 3, false);
    check_piece(&source, 0, "one", false);
    assert_int_equal(ph__source_next(&source, NULL, 0, &piece, &is_last), PH__SOURCE_NOTHING_YET);
    ph__source_push(&source, "two", 3, true);
    check_piece(&source, 0, "two", true);
    check_piece(&source, 0, "", true);
}

static void pushed__may_end_with_nothing(void **state)
{
    (void)state;
    struct ph__source source = ph__source_pushed();
    ph__source_push(&source, NULL, 0, true);
    check_piece(&source, 0, "", true);
}

/* ---- Descriptors ----------------------------------------------------------------------------- */

static void fd__is_read_to_its_end_in_whole_buffers(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "0123456789", 10), 10);
    (void)close(fds[1]);
    struct ph__source source = ph__source_fd(fds[0]);
    assert_true(ph__source_needs_buffer(&source));
    check_piece(&source, 4, "0123", false);
    check_piece(&source, 4, "4567", false);
    check_piece(&source, 4, "89", true);
    assert_int_equal(close(fds[0]), 0); /* still the caller's */
}

static void fd__that_ends_with_a_buffer_ends_with_nothing(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "0123", 4), 4);
    (void)close(fds[1]);
    struct ph__source source = ph__source_fd(fds[0]);
    check_piece(&source, 4, "0123", false);
    check_piece(&source, 4, "", true);
    (void)close(fds[0]);
}

/* Writes a little at a time, so that each read is short. */
static void *drip(void *argument)
{
    const int fd = *(const int *)argument;
    const struct timespec pause = {.tv_nsec = 5000000};
    for (const char *rest = "abcdefgh"; *rest != '\0'; rest++) {
        if (write(fd, rest, 1) != 1)
            break;
        (void)nanosleep(&pause, NULL);
    }
    (void)close(fd);
    return NULL;
}

static void check_dripping_pipe(int extra_flags)
{
    int fds[2];
    pthread_t writer;
    assert_int_equal(pipe(fds), 0);
    const int flags = fcntl(fds[0], F_GETFL);
    assert_int_equal(fcntl(fds[0], F_SETFL, flags | extra_flags), 0);
    assert_int_equal(pthread_create(&writer, NULL, drip, &fds[1]), 0);
    struct ph__source source = ph__source_fd(fds[0]);
    check_piece(&source, 6, "abcdef", false);
    check_piece(&source, 6, "gh", true);
    assert_int_equal(pthread_join(writer, NULL), 0);
    (void)close(fds[0]);
}

static void fd__short_reads_are_gathered(void **state)
{
    (void)state;
    check_dripping_pipe(0);
}

static void fd__that_does_not_block_is_waited_for(void **state)
{
    (void)state;
    check_dripping_pipe(O_NONBLOCK);
}

static void fd__that_cannot_be_read_fails(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct ph__source write_only = ph__source_fd(fds[1]);
    check_failure(&write_only, "its file cannot be read", EBADF);
    (void)close(fds[0]);
    (void)close(fds[1]);
    const int folder = open("/", O_RDONLY);
    struct ph__source is_folder = ph__source_fd(folder);
    check_failure(&is_folder, "its file cannot be read", EISDIR);
    (void)close(folder);
}

/* ---- Streams --------------------------------------------------------------------------------- */

static void file__is_read_from_where_it_stands(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_true(fputs("skipped,kept", file) >= 0);
    assert_int_equal(fseek(file, 8, SEEK_SET), 0);
    struct ph__source source = ph__source_file(file);
    assert_true(ph__source_needs_buffer(&source));
    check_piece(&source, 3, "kep", false);
    check_piece(&source, 3, "t", true);
    assert_int_equal(fclose(file), 0);
}

static void file__that_cannot_be_read_fails(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    FILE *file = fdopen(fds[1], "w");
    struct ph__source source = ph__source_file(file);
    check_failure(&source, "its stream cannot be read", EBADF);
    (void)fclose(file);
    (void)close(fds[0]);
}

/* What was read before the failure is not the whole message. */
static void file__that_fails_behind_its_first_bytes_fails(void **state)
{
    (void)state;
    FILE *folder = fopen("/", "r");
    assert_non_null(folder);
    assert_int_equal(ungetc('x', folder), 'x');
    struct ph__source source = ph__source_file(folder);
    check_failure(&source, "its stream cannot be read", EISDIR);
    (void)fclose(folder);
}

/* ---- Callbacks ------------------------------------------------------------------------------- */

struct script {
    const char *rest;
    size_t at_most; /* bytes a call */
    int fails_with; /* once rest is empty */
    size_t calls;
};

static int play(void *buffer, size_t size, size_t *length, void *user_data)
{
    struct script *script = user_data;
    const size_t n = strnlen(script->rest, size < script->at_most ? size : script->at_most);
    script->calls++;
    if (n == 0 && script->fails_with != 0)
        return script->fails_with;
    memcpy(buffer, script->rest, n);
    script->rest += n;
    *length = n;
    return 0;
}

static void callback__is_called_until_the_buffer_is_full_or_it_gives_nothing(void **state)
{
    (void)state;
    struct script script = {.rest = "abcdefgh", .at_most = 2};
    struct ph__source source = ph__source_callback(play, &script);
    assert_true(ph__source_needs_buffer(&source));
    check_piece(&source, 5, "abcde", false);
    assert_int_equal(script.calls, 3);
    check_piece(&source, 5, "fgh", true);
    assert_int_equal(script.calls, 6);
}

static void callback__that_fails_says_so(void **state)
{
    (void)state;
    static const int failures[] = {1, -1, EIO};
    for (size_t i = 0; i < ROWS(failures); i++) {
        struct script script = {.rest = "abc", .at_most = 2, .fails_with = failures[i]};
        struct ph__source source = ph__source_callback(play, &script);
        check_failure(&source, "its callback failed", 0);
    }
}

static int overstate(void *buffer, size_t size, size_t *length, void *user_data)
{
    (void)buffer;
    (void)user_data;
    *length = size + 1;
    return 0;
}

static void callback__cannot_claim_more_than_there_was_room_for(void **state)
{
    (void)state;
    struct ph__source source = ph__source_callback(overstate, NULL);
    check_failure(&source, "its callback claims more bytes than there was room for", 0);
}

static int say_nothing(void *buffer, size_t size, size_t *length, void *user_data)
{
    (void)buffer;
    (void)size;
    (void)length; /* forgotten */
    (void)user_data;
    return 0;
}

static void callback__that_sets_no_length_gives_nothing(void **state)
{
    (void)state;
    struct ph__source source = ph__source_callback(say_nothing, NULL);
    check_piece(&source, 5, "", true);
}

/* ---- Again from the first byte --------------------------------------------------------------- */

static void regular_file__goes_back_to_where_it_stood(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fputs("past this: hello", file) < 0, false);
    assert_int_equal(fflush(file), 0);
    assert_int_equal(lseek(fileno(file), 11, SEEK_SET), 11);
    struct ph__source source = ph__source_fd(fileno(file));
    check_piece(&source, 16, "hello", true);
    assert_true(ph__source_rewind(&source));
    check_piece(&source, 16, "hello", true);
    assert_int_equal(fseek(file, 11, SEEK_SET), 0);
    source = ph__source_file(file);
    check_piece(&source, 16, "hello", true);
    assert_true(ph__source_rewind(&source));
    check_piece(&source, 16, "hello", true);
    (void)fclose(file);
}

static void pipe__does_not_go_back(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct ph__source source = ph__source_fd(ends[0]);
    assert_false(ph__source_rewind(&source));
    source = ph__source_pushed();
    assert_false(ph__source_rewind(&source));
    source = ph__source_memory("x", 1);
    assert_true(ph__source_rewind(&source));
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory__is_one_piece_of_its_own),
        cmocka_unit_test(memory__is_given_from_its_start_each_time),
        cmocka_unit_test(memory__of_nothing_is_an_end_at_once),
        cmocka_unit_test(pushed__has_what_was_pushed_once),
        cmocka_unit_test(pushed__may_end_with_nothing),
        cmocka_unit_test(fd__is_read_to_its_end_in_whole_buffers),
        cmocka_unit_test(fd__that_ends_with_a_buffer_ends_with_nothing),
        cmocka_unit_test(fd__short_reads_are_gathered),
        cmocka_unit_test(fd__that_does_not_block_is_waited_for),
        cmocka_unit_test(fd__that_cannot_be_read_fails),
        cmocka_unit_test(file__is_read_from_where_it_stands),
        cmocka_unit_test(file__that_cannot_be_read_fails),
        cmocka_unit_test(file__that_fails_behind_its_first_bytes_fails),
        cmocka_unit_test(callback__is_called_until_the_buffer_is_full_or_it_gives_nothing),
        cmocka_unit_test(callback__that_fails_says_so),
        cmocka_unit_test(callback__cannot_claim_more_than_there_was_room_for),
        cmocka_unit_test(callback__that_sets_no_length_gives_nothing),
        cmocka_unit_test(regular_file__goes_back_to_where_it_stood),
        cmocka_unit_test(pipe__does_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
