/* SPDX-License-Identifier: MIT */
/*
 * The whole session: a server that says anything, and a caller who asks for anything at any time.
 *
 * Each line of the input is a step; its first letter says which (the table at the end), the rest is
 * what it is about. Line 1 says how the session begins. The input is played three times, with the
 * server's bytes whole, one by one and in other pieces: all must come to the same. The rules that
 * hold whatever happens are in session_rules.h, session_wire.h and session_message.h.
 */
#include <stdlib.h>
#include <string.h>

#include <posthaste/error.h>

#include "base/allocator.h"
#include "fuzz/session_play.h"

enum {
    largest_input = 4096 /* what can be understood when it fails */
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
    const ph_error *error = ph__session_error(play->session)->view;
    const char *const texts[] = {error->message, error->command, error->reply_text,
                                 error->enhanced_code};
    rules_error(&play->rules, error);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        fuzz_note_text(&play->seen, texts[i]);
    fuzz_note(&play->seen, &error->status, sizeof error->status);
}

/* The server has introduced itself: what it does not offer is not used. */
static void note_offers(struct play *play, const struct ph__event *event)
{
    const ph_capabilities *offers = ph__session_capabilities(play->session);
    struct wire_settings *settings = &play->wire.settings;
    if (event->type != PH__EVENT_READY)
        return;
    settings->pipelining = settings->pipelining && ph_capabilities_has(offers, "PIPELINING");
    settings->overlap = settings->overlap && settings->pipelining;
    settings->chunking =
        settings->chunking && settings->pipelining && ph_capabilities_has(offers, "CHUNKING");
}

void play_pull_events(struct play *play)
{
    struct ph__event event;
    while (ph__session_next_event(play->session, &event)) {
        fuzz_note(&play->seen, &event.type, sizeof event.type);
        rules_fed(&play->rules, play->session);
        note_offers(play, &event);
        rules_event(&play->rules, play->session, &event);
    }
    rules_fed(&play->rules, play->session);
}

/* ---- Steps ----------------------------------------------------------------------------------- */

static void say(struct play *play, const uint8_t *bytes, size_t n)
{
    for (size_t at = 0; at < n;) {
        const size_t length = fuzz_cut(&play->cutter, n - at);
        uint8_t *piece = fuzz_exact(bytes + at, length);
        (void)ph__session_receive(play->session, piece, length);
        free(piece);
        play_pull_events(play);
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
    while (most > 0 && ph__session_output(play->session, &slice, 1) > 0) {
        const size_t n = slice.length < most ? slice.length : most;
        REQUIRE(n > 0 && !ph__session_is_broken(play->session));
        for (size_t i = 0; i < n; i++) /* without bytes: of a file, which is all line ends */
            wire_written(&play->wire, slice.bytes ? slice.bytes + i : (const uint8_t *)"\n", 1);
        fuzz_note(&play->seen, slice.bytes, slice.bytes ? n : 0);
        ph__session_wrote(play->session, n);
        most -= n;
    }
}

static void step_writes(struct play *play, const struct fuzz_line *line)
{
    write_out(play, line->n > 0 ? line->n : SIZE_MAX);
    play_pull_events(play); /* content of another type than declared breaks the session */
    if (line->n == 0)
        rules_all_written(&play->rules, play->session);
}

static void step_ends(struct play *play, const struct fuzz_line *line)
{
    (void)line;
    ph__session_end_of_input(play->session);
    play_pull_events(play);
}

static void step_times_out(struct play *play, const struct fuzz_line *line)
{
    (void)line;
    struct ph__error error;
    ph__error_init(&error, ph__allocator_or_default(NULL));
    (void)ph__error_set(&error, PH_ERR_READ_TIMEOUT, ph__session_phase(play->session), "too late");
    ph__session_fail(play->session, &error);
    ph__error_release(&error);
    play_pull_events(play);
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
    const bool is_busy = ph__session_phase(play->session) != PH_PHASE_NONE;
    if (is_busy || ph_address_new(mailbox, NULL, &address) != PH_OK) {
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

/* ---- Playing --------------------------------------------------------------------------------- */

static const struct step {
    char letter;
    play_step *take;
} steps[] = {
    {'S', step_says},      /* the server says a line */
    {'s', step_says_part}, /* ... or a part of one */
    {'W', step_writes},    /* the output is written; as many bytes as the line is long */
    /* Content, whole or not, and how it ends otherwise; then other steps. */
    {'C', step_lends},
    {'L', step_lends_last},
    {'B', step_lends_much},
    {'b', step_lends_much_last},
    {'f', step_lends_file},
    {'l', step_lends_file_last},
    {'F', step_source_fails},
    {'E', step_ends},
    {'X', step_times_out},
    {'T', step_starts_tls},
    {'R', step_raw},
    {'1', step_single},
    {'P', step_raw_login},
    {'m', step_mail},
    {'r', step_rcpt},
    {'A', step_login},
    {'M', step_sends},
    {'D', step_data},
    {'K', step_cancels},
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

static bool has(const struct fuzz_line *line, char letter)
{
    return line->n > 0 && memchr(line->bytes, letter, line->n) != NULL;
}

/* The first line: letters that say how the session begins. "p", "c" and "v" turn features off; "w"
 * and "x" are windows, of three messages and of a few that few bytes fill. */
static void begin(struct play *play, const struct fuzz_line *line)
{
    const struct ph__session_start start = {
        .helo = "client.example.org",
        .esmtp = !has(line, 'h'),
        .is_secure = has(line, 'i'),
        .is_local = has(line, 'l'),
        .starttls = has(line, 'a')   ? PH_STARTTLS_ALWAYS
                    : has(line, 'o') ? PH_STARTTLS_OFF
                                     : PH_STARTTLS_AUTO,
        .avoids = (has(line, 'p') ? PH_FEATURE_PIPELINING : 0) |
                  (has(line, 'c') ? PH_FEATURE_CHUNKING : 0) |
                  (has(line, 'v') ? PH_FEATURE_OVERLAP : 0),
        .window = has(line, 'w')   ? 3
                  : has(line, 'x') ? 8
                                   : 0,
        .window_bytes = has(line, 'x') ? 2000 : 100000,
    };
    rules_submitted(&play->rules, ph__session_begin(play->session, &start));
    play->wire.settings = (struct wire_settings){.pipelining = !has(line, 'p'),
                                                 .chunking = !has(line, 'c'),
                                                 .overlap = !has(line, 'v'),
                                                 .window = start.window > 1 ? start.window : 1,
                                                 .window_bytes = start.window_bytes};
}

static uint64_t run(enum fuzz_split split, const uint8_t *data, size_t size)
{
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    static struct play play; /* large */
    struct fuzz_line line;
    const struct ph__session_config config = {
        .allocator = allocator,
        .server = "mx.example.org",
        .reply_limits = {.line_max = 512, .lines_max = 16, .total_max = 2048},
        .trace = &play.trace};
    memset(&play, 0, sizeof play);
    wire_init(&play.wire);
    rules_init(&play.rules, &play.wire, data, size);
    fuzz_cutter_init(&play.cutter, split, data, size);
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
    ph__session_free(play.session);
    ph__mechanism_table_release(&play.mechanisms);
    wire_release(&play.wire);
    ph_address_free(play.address);
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
