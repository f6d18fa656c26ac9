/* SPDX-License-Identifier: MIT */
/* What every unit test begins with: cmocka with the headers that it needs, and rows of tables. */
#ifndef TESTS_UNIT_BASE_TEST_H
#define TESTS_UNIT_BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/** Fails with the note of a row of a table. */
#define CHECK(condition, note)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s: %s", (note), #condition);                                                \
    } while (0)

#endif
