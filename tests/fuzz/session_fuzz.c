/* SPDX-License-Identifier: MIT */
/*
 * The whole session: a server that says anything, and a caller who asks for anything at any time.
 *
 * Each line of the input is a step; its first letter says which (the table at the end), the rest is
 * what it is about. Line 1 says how the session begins. The input is played three times, with the
 * server's bytes whole, one by one and in other pieces: all must come to the same. The rules that
 * hold whatever happens are in session_rules.h.
 */
#include <stdlib.h>
#include <string.h>

#include <posthaste/error.h>

#include "auth/mechanism_table.h"
#include "base/allocator.h"
#include "fuzz/fuzz.h"
#include "fuzz/session_rules.h"

enum {
    largest_input = 4096 /* what can be understood when it fails */
};

struct play {
    struct session_rules rules;
    struct ph__session *session;
    struct ph__mechanism_table mechanisms;
    struct ph__trace trace;
    struct fuzz_cutter cutter;
    uint64_t seen;
    bool is_partly_written; /* what was put out last */
    bool was_content;
    char *chunk; /* content that is lent */
    struct ph__envelope envelope;
    ph_result *result; /* of the last message; stays until the next */
    ph_address *address;
};

/* ---- What the session says ------------------------------------------------------------------- */

static void trace_line(ph_trace_kind kind, const char *line, void *user_data)
{
    struct play *play = user_data;
    rules_text(&play->rules, line);
    const char mark = (char)kind;
    fuzz_note(&play->seen, &mark, 1);
    fuzz_note_text(&play->seen, line);
}

static void note_error(struct play *play)
{
    const ph_error *error = &ph__session_error(play->session)->view;
    const char *const texts[] = {error->message, error->command, error->reply_text,
                                 error->enhanced_code};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        rules_text(&play->rules, texts[i]);
        fuzz_note_text(&play->seen, texts[i]);
    }
    fuzz_note(&play->seen, &error->status, sizeof error->status);
}

static void pull_events(struct play *play)
{
    struct ph__event event;
    while (ph__session_next_event(play->session, &event))
        rules_event(&play->rules, play->session, &event, play->result);
}

/* ---- Steps ----------------------------------------------------------------------------------- */

static void say(struct play *play, const uint8_t *bytes, size_t n)
{
    for (size_t at = 0; at < n;) {
        const size_t length = fuzz_cut(&play->cutter, n - at);
        uint8_t *piece = fuzz_exact(bytes + at, length);
        (void)ph__session_receive(play->session, piece, length);
        free(piece);
        pull_events(play);
        at += length;
    }
}

static void step_says(struct play *play, const struct fuzz_line *line)
{
    uint8_t *text = malloc(line->n + 2);
    REQUIRE(text);
    if (line->n > 0)
        memcpy(text, line->bytes, line->n);
    memcpy(text + line->n, "\r\n", 2);
    say(play, text, line->n + 2);
    free(text);
}

static void step_says_part(struct play *play, const struct fuzz_line *line)
{
    say(play, line->bytes, line->n);
}

/* Writes what there is: all of it, or as many bytes as the line has. */
static void write_out(struct play *play, size_t most)
{
    struct ph__slice slice;
    while (most > 0) {
        /* What is left of a line stays one, even if the server answers before it is written. */
        const bool is_content =
            play->is_partly_written ? play->was_content : rules_is_content_next(play->session);
        if (ph__session_output(play->session, &slice, 1) == 0)
            break;
        const size_t n = slice.length < most ? slice.length : most;
        rules_output(&play->rules, slice.bytes, n, is_content, play->result);
        fuzz_note(&play->seen, slice.bytes, n);
        ph__session_wrote(play->session, n);
        play->is_partly_written = n < slice.length;
        play->was_content = is_content;
        most -= n;
    }
}

static void step_writes(struct play *play, const struct fuzz_line *line)
{
    write_out(play, line->n > 0 ? line->n : SIZE_MAX);
    pull_events(play); /* content of another type than declared breaks the session */
}

static void lend(struct play *play, const struct fuzz_line *line, bool is_last)
{
    if (!ph__session_wants_content(play->session))
        return;
    free(play->chunk); /* it wants more: the last piece is let go */
    play->chunk = (char *)fuzz_exact(line->bytes, line->n);
    if (line->n > 0 && line->bytes[line->n - 1] == '$') /* the end of a line of content */
        play->chunk[line->n - 1] = '\n';
    play->rules.gave_last = is_last;
    ph__session_content(play->session, play->chunk, line->n, is_last);
}

static void step_lends(struct play *play, const struct fuzz_line *line)
{
    lend(play, line, false);
}

static void step_lends_last(struct play *play, const struct fuzz_line *line)
{
    lend(play, line, true);
}

static void step_source_fails(struct play *play, const struct fuzz_line *line)
{
    (void)line;
    ph__session_content_failed(play->session, "its file is gone");
    pull_events(play);
}

static void step_ends(struct play *play, const struct fuzz_line *line)
{
    (void)line;
    ph__session_end_of_input(play->session);
    pull_events(play);
}

static void step_times_out(struct play *play, const struct fuzz_line *line)
{
    (void)line;
    struct ph__error error;
    ph__error_init(&error, ph__allocator_or_default(NULL));
    (void)ph__error_set(&error, PH_ERR_READ_TIMEOUT, ph__session_phase(play->session), "too late");
    ph__session_fail(play->session, &error);
    ph__error_release(&error);
    pull_events(play);
}

static void step_starts_tls(struct play *play, const struct fuzz_line *line)
{
    (void)line;
    if (ph__session_tls_started(play->session) == PH_OK) {
        REQUIRE(ph__session_is_secure(play->session));
        REQUIRE(!ph__session_capabilities(play->session)); /* what came before is forgotten */
    }
}

static void command(struct play *play, enum ph__single single, const struct fuzz_line *line)
{
    char *argument = line->n > 0 ? fuzz_string(line->bytes, line->n) : NULL;
    rules_submitted(&play->rules, ph__session_command(play->session, single, argument));
    free(argument);
}

static void step_raw(struct play *play, const struct fuzz_line *line)
{
    command(play, PH__SINGLE_RAW, line);
}

/* "verb argument" by number: the first byte of the line picks the command. */
static void step_single(struct play *play, const struct fuzz_line *line)
{
    const struct fuzz_line rest = {line->bytes + (line->n > 0), line->n - (line->n > 0)};
    const unsigned number = line->n > 0 ? (unsigned)(line->bytes[0] - '0') : 0;
    command(play, (enum ph__single)(number % PH__SINGLE_RAW), &rest);
}

/* A login by raw lines. The secret is not in the input, so that it must not be in any text. */
static void step_raw_login(struct play *play, const struct fuzz_line *line)
{
    static const char *const lines[] = {"AUTH PLAIN " RULES_PLAIN, "auth\tplain " RULES_PLAIN,
                                        "  AUTH  PLAIN " RULES_PLAIN};
    const size_t number = line->n > 0 ? line->bytes[0] % 3U : 0;
    rules_submitted(&play->rules,
                    ph__session_command(play->session, PH__SINGLE_RAW, lines[number]));
}

static void address_step(struct play *play, const struct fuzz_line *line, bool is_mail)
{
    char *mailbox = fuzz_string(line->bytes, line->n);
    ph_address *address;
    if (!ph__session_is_idle(play->session) || ph_address_new(mailbox, NULL, &address) != PH_OK) {
        free(mailbox);
        return;
    }
    ph_address_free(play->address); /* idle: the session has let it go */
    play->address = address;
    rules_submitted(&play->rules, is_mail ? ph__session_mail(play->session, address)
                                          : ph__session_rcpt(play->session, address));
    free(mailbox);
}

static void step_mail(struct play *play, const struct fuzz_line *line)
{
    address_step(play, line, true);
}

static void step_rcpt(struct play *play, const struct fuzz_line *line)
{
    address_step(play, line, false);
}

static void step_login(struct play *play, const struct fuzz_line *line)
{
    const size_t number = line->n > 0 ? line->bytes[0] % play->mechanisms.n_rows : 0;
    const struct ph__login login = {
        .mechanism = &play->mechanisms.rows[number].mechanism,
        .credentials = {.user = RULES_USER, .secret = RULES_SECRET, .host = "mx"},
        .allows_plaintext = line->n < 2};
    const bool is_withheld = line->n >= 2 && !ph__session_is_secure(play->session) &&
                             (login.mechanism->flags & PH_MECHANISM_EXPOSES_SECRET);
    const int status = ph__session_authenticate(play->session, &login);
    REQUIRE(!is_withheld || status != PH_OK);
    rules_submitted(&play->rules, status);
}

/* ---- Messages -------------------------------------------------------------------------------- */

static bool is_busy(const struct play *play)
{
    return play->rules.has_message;
}

/* Makes the envelope: the first two letters are policy and body type, words are recipients. */
static void make_envelope(struct play *play, const struct fuzz_line *line)
{
    ph__envelope_release(&play->envelope);
    char *text = fuzz_string(line->bytes, line->n);
    const unsigned kind = line->n > 0 ? line->bytes[0] : 0;
    play->envelope.policy = kind % 2 ? PH_RCPT_ANY : PH_RCPT_ALL;
    play->envelope.body_type = (ph_body_type)(kind / 2 % 3);
    play->envelope.smtputf8 = kind / 6 % 2 ? PH_SMTPUTF8_RAW : PH_SMTPUTF8_REQUIRED;
    for (char *word = line->n > 0 ? text + 1 : text; *word != '\0';) {
        const size_t n = strcspn(word, " ");
        const bool is_final = word[n] == '\0';
        word[n] = '\0';
        ph_address *address;
        if (n > 0 && ph_address_new(word, NULL, &address) == PH_OK)
            REQUIRE(ph__envelope_add_recipient(&play->envelope, address) == PH_OK);
        word += n + (is_final ? 0 : 1);
    }
    free(text);
}

static void begin_message(struct play *play, int status, ph_body_type type)
{
    REQUIRE(ph_result_outcome(play->result) == PH_OUTCOME_NOT_SENT);
    REQUIRE((status == PH_OK) == !ph_result_error(play->result));
    rules_message_begun(&play->rules, status == PH_OK, type);
    rules_submitted(&play->rules, status);
}

static void step_sends(struct play *play, const struct fuzz_line *line)
{
    if (is_busy(play))
        return;
    make_envelope(play, line);
    ph_result_free(play->result);
    play->result = ph__result_new(ph__allocator_or_default(NULL), &play->envelope);
    REQUIRE(play->result);
    const struct ph__outgoing outgoing = {.envelope = &play->envelope, .result = play->result};
    begin_message(play, ph__session_send(play->session, &outgoing), play->envelope.body_type);
}

static void step_data(struct play *play, const struct fuzz_line *line)
{
    (void)line;
    if (is_busy(play))
        return;
    ph_result_free(play->result);
    play->result = ph__result_new(ph__allocator_or_default(NULL), NULL);
    REQUIRE(play->result);
    begin_message(play, ph__session_data(play->session, play->result), PH_BODY_UNDECLARED);
}

/* ---- Playing --------------------------------------------------------------------------------- */

static const struct step {
    char letter;
    void (*take)(struct play *play, const struct fuzz_line *line);
} steps[] = {
    {'S', step_says},      /* the server says a line */
    {'s', step_says_part}, /* ... or a part of one */
    {'W', step_writes},    /* the output is written; as many bytes as the line is long */
    {'C', step_lends},     /* a piece of content, "$" at its end is a line end */
    {'L', step_lends_last}, {'F', step_source_fails}, {'E', step_ends},   {'X', step_times_out},
    {'T', step_starts_tls}, {'R', step_raw},          {'1', step_single}, {'P', step_raw_login},
    {'m', step_mail},       {'r', step_rcpt},         {'A', step_login},  {'M', step_sends},
    {'D', step_data},
};

static void take_step(struct play *play, const struct fuzz_line *line)
{
    const struct fuzz_line rest = {line->bytes + 1, line->n - 1};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].letter == (char)line->bytes[0])
            steps[i].take(play, &rest);
    }
    rules_between(&play->rules, play->session);
}

/* The first line: letters that say how the session begins. */
static void begin(struct play *play, const struct fuzz_line *line)
{
    struct ph__session_start start = {.helo = "client.example.org", .esmtp = true};
    start.esmtp = !memchr(line->bytes, 'h', line->n);
    start.is_secure = memchr(line->bytes, 'i', line->n) != NULL;
    start.is_local = memchr(line->bytes, 'l', line->n) != NULL;
    start.starttls = memchr(line->bytes, 'a', line->n)   ? PH_STARTTLS_ALWAYS
                     : memchr(line->bytes, 'o', line->n) ? PH_STARTTLS_OFF
                                                         : PH_STARTTLS_AUTO;
    rules_submitted(&play->rules, ph__session_begin(play->session, &start));
}

static uint64_t run(enum fuzz_split split, const uint8_t *data, size_t size)
{
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    struct play play = {.result = NULL};
    struct fuzz_line line;
    const struct ph__session_config config = {
        .allocator = allocator,
        .server = "mx.example.org",
        .reply_limits = {.line_max = 512, .lines_max = 16, .total_max = 2048},
        .trace = &play.trace};
    rules_init(&play.rules, data, size);
    fuzz_cutter_init(&play.cutter, split, data, size);
    ph__envelope_init(&play.envelope, allocator);
    REQUIRE(ph__mechanism_table_init(&play.mechanisms, allocator) == PH_OK);
    play.trace = (struct ph__trace){.line = trace_line, .user_data = &play};
    play.session = ph__session_new(&config);
    REQUIRE(play.session);
    if (fuzz_next_line(&data, &size, &line))
        begin(&play, &line);
    while (fuzz_next_line(&data, &size, &line)) {
        if (line.n > 0)
            take_step(&play, &line);
    }
    note_error(&play);
    if (play.result)
        rules_result(&play.rules, play.result);
    ph__session_free(play.session);
    ph__mechanism_table_release(&play.mechanisms);
    ph_result_free(play.result);
    ph__envelope_release(&play.envelope);
    ph_address_free(play.address);
    free(play.chunk);
    return play.seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > largest_input)
        return 0;
    const uint64_t whole = run(FUZZ_WHOLE, data, size);
    for (int split = FUZZ_BYTES; split < fuzz_splits; split++)
        REQUIRE(run((enum fuzz_split)split, data, size) == whole);
    return 0;
}
