/* SPDX-License-Identifier: MIT */
#include "csv.h"

#include <errno.h>
#include <string.h>

/* One reading of a record. Where it stops, result says. */
struct reading {
    struct csv *csv;
    enum csv_next result;
    bool is_quoted; /* the record has a quoted field, so that it is no empty line */
};

void csv_begin(struct csv *csv, FILE *file)
{
    csv->file = file;
    csv->offset = 0;
    csv->line = csv->column = 1;
    csv->count = 0;
}

static int take(struct csv *csv)
{
    const int c = getc(csv->file);
    if (c == EOF)
        return c;
    csv->offset++;
    csv->column++;
    if (c == '\n') {
        csv->line++;
        csv->column = 1;
    }
    return c;
}

static int look(struct csv *csv)
{
    const int c = getc(csv->file);
    return c == EOF ? c : ungetc(c, csv->file);
}

static bool stop(struct reading *reading, enum csv_next result, const char *wrong)
{
    reading->result = result;
    reading->csv->wrong = wrong;
    return false;
}

static bool append(struct reading *reading, int c)
{
    const char byte = (char)c;
    if (c == '\0')
        return stop(reading, CSV_MALFORMED, "a NUL byte; the file must be text (UTF-8)");
    if (reading->csv->text.length >= csv_record_max)
        return stop(reading, CSV_MALFORMED, "a record of more than a mebibyte; is a quote open?");
    return bytes_append(&reading->csv->text, &byte, 1) || stop(reading, CSV_NO_MEMORY, NULL);
}

static bool begin_field(struct reading *reading)
{
    struct csv *csv = reading->csv;
    if (csv->count == csv_fields_max)
        return stop(reading, CSV_MALFORMED, "more than 1000 fields");
    csv->starts[csv->count++] = csv->text.length;
    return true;
}

static bool end_field(struct reading *reading)
{
    return bytes_append(&reading->csv->text, "", 1) || stop(reading, CSV_NO_MEMORY, NULL);
}

static bool read_quoted(struct reading *reading)
{
    struct csv *csv = reading->csv;
    (void)take(csv);
    reading->is_quoted = true;
    for (;;) {
        const int c = take(csv);
        if (c == EOF)
            return stop(reading, CSV_MALFORMED, "the end of the file inside quotes");
        if (c == '"' && look(csv) != '"')
            break;
        if (c == '"')
            (void)take(csv);
        if (!append(reading, c))
            return false;
    }
    const int next = look(csv);
    if (next == ',' || next == '\n' || next == '\r' || next == EOF)
        return true;
    return stop(reading, CSV_MALFORMED,
                "something behind the quote that closes a field; a quote inside it is written "
                "twice");
}

static bool read_plain(struct reading *reading)
{
    struct csv *csv = reading->csv;
    for (;;) {
        const int c = look(csv);
        if (c == ',' || c == '\n' || c == '\r' || c == EOF)
            return true;
        if (c == '"')
            return stop(reading, CSV_MALFORMED,
                        "a quote in a field that does not begin with one; put the whole field in "
                        "quotes and write this one twice");
        if (!append(reading, take(csv)))
            return false;
    }
}

/* Reads what separates fields. @return whether another field follows */
static bool read_separator(struct reading *reading)
{
    struct csv *csv = reading->csv;
    if (look(csv) == ',') {
        (void)take(csv);
        return true;
    }
    if (look(csv) == '\r') {
        (void)take(csv);
        if (look(csv) != '\n' && look(csv) != EOF)
            return stop(reading, CSV_MALFORMED, "a carriage return that is no line end");
    }
    (void)take(csv);
    return false;
}

static void read_record(struct reading *reading)
{
    struct csv *csv = reading->csv;
    csv->count = 0;
    csv->record_offset = csv->offset;
    csv->record_line = csv->line;
    bytes_clear(&csv->text);
    do {
        if (!begin_field(reading) ||
            !(look(csv) == '"' ? read_quoted(reading) : read_plain(reading)) || !end_field(reading))
            return;
    } while (read_separator(reading));
}

static bool is_empty(const struct reading *reading)
{
    return reading->csv->count == 1 && !reading->is_quoted && reading->csv->text.length == 1;
}

/* Excel begins files with a byte order mark. */
static bool skip_mark(struct csv *csv)
{
    static const char mark[] = "\xef\xbb\xbf";
    for (size_t i = 0; csv->offset == i && i < 3 && look(csv) == (unsigned char)mark[i]; i++)
        (void)take(csv);
    csv->column = 1;
    return csv->offset == 0 || csv->offset == 3;
}

enum csv_next csv_next(struct csv *csv)
{
    if (csv->offset == 0 && !skip_mark(csv)) {
        csv->wrong = "half a byte order mark; the file must be UTF-8";
        return CSV_MALFORMED;
    }
    while (look(csv) != EOF) {
        struct reading reading = {.csv = csv, .result = CSV_RECORD};
        read_record(&reading);
        if (ferror(csv->file))
            break;
        if (reading.result != CSV_RECORD || !is_empty(&reading))
            return reading.result;
    }
    return ferror(csv->file) ? CSV_FAILED : CSV_END;
}

const char *csv_field(const struct csv *csv, size_t index)
{
    return index < csv->count ? csv->text.data + csv->starts[index] : "";
}

void csv_release(struct csv *csv)
{
    bytes_release(&csv->text);
}
