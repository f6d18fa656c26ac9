/* SPDX-License-Identifier: MIT */
/*
 * Comma-separated values as RFC 4180 has them: fields in double quotes may hold commas, line ends
 * and doubled quotes; lines end with LF or CRLF. A byte order mark and empty lines are passed over.
 */
#ifndef CLI_BULK_CSV_H
#define CLI_BULK_CSV_H

#include <stdint.h>
#include <stdio.h>

#include "bytes.h"

enum {
    csv_record_max = 1024 * 1024, /* a quote that is never closed ends there, not with the memory */
    csv_fields_max = 1000
};

struct csv {
    FILE *file;          /* borrowed */
    uint64_t offset;     /* of the next byte */
    size_t line, column; /* of the next byte, from 1 */
    struct bytes text;   /* the record's fields, a NUL behind each */
    size_t starts[csv_fields_max];
    size_t count; /* of the record's fields */
    uint64_t record_offset;
    size_t record_line;
    const char *wrong; /* what is wrong at line and column, after CSV_MALFORMED */
};

enum csv_next {
    CSV_RECORD,
    CSV_END,
    CSV_MALFORMED,
    CSV_FAILED, /* reading failed: errno */
    CSV_NO_MEMORY
};

/** Begins at the file's first byte; @p csv is zeroed, or was used before. */
void csv_begin(struct csv *csv, FILE *file);

/** Reads the next record that is not an empty line. */
enum csv_next csv_next(struct csv *csv);

/** @return field @p index of the record, "" if it has none such; valid until the next one */
const char *csv_field(const struct csv *csv, size_t index);

void csv_release(struct csv *csv);

#endif
