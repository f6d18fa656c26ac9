/* SPDX-License-Identifier: MIT */
#include "cli/bulk/content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/base/test.h"
#include "unit/cli/folder.h"

enum {
    large = 3 * 65536 + 17
};

/* Lines of every length, some of them with what the filter looks for. */
static char *make_text(void)
{
    char *text = malloc(large + 1);
    assert_non_null(text);
    strcpy(text, "Bcc: x\nA: b\n\n");
    for (size_t n = strlen(text), i = 0; n < large; n++, i++)
        text[n] = (char)(i % 97 == 96 ? '\n' : i % 97 < 8 ? ">From 12"[i % 97] : 'x');
    text[large] = '\0';
    return text;
}

static void open_item(void **state, struct item *item)
{
    free(item->content.path);
    item->content.path = strdup(folder_path(state, "file"));
    assert_non_null(item->content.path);
    assert_int_equal(content_open(&item->content), 0);
}

static void a_file__is_read_whole_and_again(void **state)
{
    char *text = make_text();
    folder_write(state, "file", text);
    struct item *item = item_new();
    open_item(state, item);
    assert_content(item, text);
    assert_int_equal(item->content.fd, -1);
    assert_content(item, text); /* it began anew */
    char piece[100];
    size_t length;
    assert_int_equal(content_read(piece, sizeof piece, &length, &item->content), 0);
    content_rewind(&item->content);
    assert_content(item, text);
    item_free(item);
    free(text);
}

static void a_stored_file__is_the_same_in_pieces_and_at_once(void **state)
{
    char *text = make_text();
    folder_write(state, "file", text);
    struct item *item = item_new();
    item->content.is_stored = true;
    item->content.quoting = QUOTING_MBOXRD;
    open_item(state, item);
    struct bytes head = {.data = NULL};
    bool is_all = false;
    assert_int_equal(content_read_head(&item->content, &head, &is_all), 0);
    assert_true(is_all);
    size_t n;
    char *in_pieces = content_of(item, &n);
    assert_true(n < large);
    assert_null(strstr(in_pieces, "Bcc"));
    assert_null(strstr(in_pieces, "\n>From "));
    open_item(state, item);
    assert_true(content_keep(&item->content, &head));
    assert_content(item, in_pieces);
    bytes_release(&head);
    item_free(item);
    free(in_pieces);
    free(text);
}

static void a_part__ends_where_it_ends(void **state)
{
    folder_write(state, "file", "0123456789");
    struct item *item = item_new();
    item->content.begin = 3;
    item->content.end = 7;
    open_item(state, item);
    assert_content(item, "3456");
    assert_int_equal(truncate(item->content.path, 5), 0);
    char piece[10];
    size_t length;
    assert_int_not_equal(content_read(piece, sizeof piece, &length, &item->content), 0);
    assert_int_equal(item->content.failure, ENODATA);
    item_free(item);
}

static void what_is_no_file__is_refused(void **state)
{
    struct content content = content_none();
    content.path = strdup(folder_path(state, "none"));
    assert_int_equal(content_open(&content), ENOENT);
    free(content.path);
    content.path = strdup(*state);
    assert_int_equal(content_open(&content), EISDIR);
    free(content.path);
    content.path = strdup("/dev/null");
    assert_int_equal(content_open(&content), ESPIPE);
    content_release(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file__is_read_whole_and_again, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(a_stored_file__is_the_same_in_pieces_and_at_once,
                                        folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(a_part__ends_where_it_ends, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(what_is_no_file__is_refused, folder_make, folder_remove),
    };
    return cmocka_run_group_tests_name("content", tests, NULL, NULL);
}
