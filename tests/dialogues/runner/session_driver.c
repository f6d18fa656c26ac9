/* SPDX-License-Identifier: MIT */
/* A dialogue over the sans-I/O session: no socket, no clock, any split. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/credentials.h"
#include "auth/mechanism_table.h"
#include "client/client.h"
#include "dialogues/runner/driver.h"
#include "dialogues/runner/expectation.h"
#include "protocol/session.h"

enum {
    messages_max = 16
};

/* A message that was submitted. */
struct sent {
    struct mail mail;
    size_t body_given;
    ph_result *result;
    int status;
    bool is_done;
};

struct run {
    const struct dialogue *dialogue;
    enum split split;
    unsigned seed;
    struct ph__session *session;
    struct ph__mechanism_table mechanisms;
    struct ph__error argument_error; /* of checks that precede the session */
    struct ph__trace trace;
    struct trace_text *trace_text;
    ph_allocator allocator;

    struct sent sent[messages_max]; /* in their order; the last is what "result" is about */
    size_t sent_count;
    ph_address *address;
    struct words words; /* of the operation under way: they hold what it borrows */
    bool has_words;

    bool is_done;
    bool broke_behind; /* the session, behind the end of the message: that counts */
    bool was_refused;  /* the last operation did not begin */
    bool wants_tls;
    int status;
    char *written; /* by the session, and not yet expected */
    size_t written_length;
    size_t written_room;
};

static size_t piece(struct run *run, size_t n)
{
    if (run->split == SPLIT_WHOLE || n <= 1)
        return n;
    if (run->split == SPLIT_BYTES)
        return 1;
    run->seed = run->seed * 1103515245u + 12345u;
    return 1 + (run->seed >> 16) % n;
}

/* ---- Output ---------------------------------------------------------------------------------- */

static void keep_written(struct run *run, const struct ph__slice *slices, size_t n)
{
    for (size_t i = 0; n > 0; i++) {
        const size_t taken = slices[i].length < n ? slices[i].length : n;
        if (run->written_length + taken > run->written_room) {
            run->written_room = 2 * (run->written_length + taken);
            run->written = realloc(run->written, run->written_room);
        }
        memcpy(run->written + run->written_length, slices[i].bytes, taken);
        run->written_length += taken;
        n -= taken;
    }
}

/* DATA alone has no tag: it is the last one. */
static struct sent *by_tag(struct run *run, void *tag)
{
    return tag ? tag : &run->sent[run->sent_count - 1];
}

static bool give_content(struct run *run)
{
    if (!ph__session_wants_content(run->session))
        return false;
    bool from_start;
    struct sent *sent = by_tag(run, ph__session_content_tag(run->session, &from_start));
    if (from_start)
        sent->body_given = 0;
    const size_t rest = sent->mail.body_length - sent->body_given;
    /* How content is split decides what BDAT says, so it is not split there. */
    const bool is_chunked = ph_capabilities_has(ph__session_capabilities(run->session), "CHUNKING");
    const size_t n = is_chunked ? rest : piece(run, rest);
    ph__session_content(run->session, sent->mail.body + sent->body_given, n, n == rest);
    sent->body_given += n;
    return true;
}

static void end(struct sent *sent, int status)
{
    if (sent->is_done)
        return;
    sent->is_done = true;
    sent->status = status;
}

/* The session broke: each message's result says what became of it. */
static void end_all(struct run *run)
{
    for (size_t i = 0; i < run->sent_count; i++) {
        const ph_error *error = run->sent[i].result ? ph_result_error(run->sent[i].result) : NULL;
        end(&run->sent[i], error ? (int)error->status : PH_OK);
    }
}

static void take_events(struct run *run)
{
    struct ph__event event;
    while (ph__session_next_event(run->session, &event)) {
        if (event.type == PH__EVENT_START_TLS) {
            run->wants_tls = true;
            return;
        }
        if (event.type == PH__EVENT_MESSAGE_DONE)
            end(by_tag(run, event.tag), event.status);
        else if (event.type == PH__EVENT_FAILED)
            end_all(run);
        run->broke_behind = event.type == PH__EVENT_FAILED && run->is_done && run->sent_count > 0;
        if (run->broke_behind)
            return;
        run->status = event.status;
        run->is_done = true;
    }
}

static void pump(struct run *run)
{
    for (;;) {
        struct ph__slice slices[4];
        const size_t count = ph__session_output(run->session, slices, 4);
        if (give_content(run))
            continue; /* it leaves in the same write */
        if (count == 0)
            break;
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            n += slices[i].length;
        if (n == 0)
            continue;
        n = piece(run, n);
        keep_written(run, slices, n);
        ph__session_wrote(run->session, n);
    }
    take_events(run);
}

static void feed(struct run *run, const char *bytes, size_t n)
{
    while (n > 0) {
        const size_t taken = piece(run, n);
        /* A block of its own size, so that reading beyond it is seen. */
        char *block = malloc(taken);
        memcpy(block, bytes, taken);
        (void)ph__session_receive(run->session, block, taken);
        free(block);
        bytes += taken;
        n -= taken;
        take_events(run);
        if (n > 0 && run->split != SPLIT_WHOLE)
            pump(run);
    }
    pump(run);
}

/* ---- Operations ------------------------------------------------------------------------------ */

static int log_in(struct run *run, const char *user, const char *secret, const char *name)
{
    const ph_mechanism *mechanism;
    const int status = ph__credentials_check(&run->mechanisms, user, secret, name, &mechanism,
                                             &run->argument_error);
    if (status != PH_OK)
        return status;
    const struct ph__login login = {
        .mechanism = mechanism,
        .credentials = {.user = user, .secret = secret, .host = "mx.example.net"},
        .allows_plaintext = words_has(&run->words, "allow"),
    };
    return ph__session_authenticate(run->session, &login);
}

static unsigned features_of(const char *names)
{
    return (strstr(names, "pipelining") ? PH_FEATURE_PIPELINING : 0U) |
           (strstr(names, "chunking") ? PH_FEATURE_CHUNKING : 0U) |
           (strstr(names, "overlap") ? PH_FEATURE_OVERLAP : 0U);
}

static int do_start(struct run *run)
{
    const struct words *words = &run->words;
    const char *starttls = words_value(words, "starttls");
    const char *helo = words_value(words, "helo");
    struct ph__session_start start = {
        .helo = helo ? helo : "client.example.org",
        .esmtp = !words_has(words, "no-esmtp"),
        .starttls = !starttls || strcmp(starttls, "off") == 0 ? PH_STARTTLS_OFF
                    : strcmp(starttls, "auto") == 0           ? PH_STARTTLS_AUTO
                                                              : PH_STARTTLS_ALWAYS,
        .is_secure = words_has(words, "tls"),
    };
    const char *window = words_value(words, "window");
    const char *avoids = words_value(words, "avoids");
    start.window = window ? (uint32_t)strtoul(window, NULL, 10) : 0;
    start.window_bytes =
        words_value(words, "bytes") ? strtoull(words_value(words, "bytes"), NULL, 10) : UINT64_MAX;
    start.avoids = avoids ? features_of(avoids) : 0;
    run->trace.shows_secrets = words_has(words, "show-secrets");
    return ph__session_begin(run->session, &start);
}

/* Takes a place for a message; one place is enough if nothing is under way. */
static struct sent *new_sent(struct run *run)
{
    struct sent *sent = &run->sent[run->sent_count];
    if (run->sent_count == messages_max) {
        (void)fprintf(stderr, "%s: more than %d messages\n", run->dialogue->name, messages_max);
        exit(2);
    }
    run->sent_count++;
    *sent = (struct sent){.status = PH_OK};
    mail_make(&sent->mail, &run->words);
    return sent;
}

static int submitted(struct sent *sent, int status)
{
    if (status != PH_OK)
        end(sent, status);
    return status;
}

static int do_send(struct run *run)
{
    struct sent *sent = new_sent(run);
    const struct ph__envelope *envelope = &sent->mail.message->envelope;
    sent->result = ph__result_new(&run->allocator, envelope);
    const struct ph__outgoing outgoing = {
        .envelope = envelope, .result = sent->result, .tag = sent, .is_repeatable = true};
    return submitted(sent,
                     sent->result ? ph__session_send(run->session, &outgoing) : PH_ERR_NO_MEMORY);
}

static int do_data(struct run *run)
{
    struct sent *sent = new_sent(run);
    sent->result = ph__result_new(&run->allocator, NULL);
    return submitted(sent, sent->result ? ph__session_data(run->session, sent->result)
                                        : PH_ERR_NO_MEMORY);
}

static struct sent *numbered(struct run *run, const char *number)
{
    const size_t n = strtoul(number, NULL, 10);
    if (n < 1 || n > run->sent_count) {
        (void)fprintf(stderr, "%s: there is no message %s\n", run->dialogue->name, number);
        exit(2);
    }
    return &run->sent[n - 1];
}

/* What becomes of it, an event tells: the operation itself has ended, and others go on. */
static int do_cancel(struct run *run)
{
    return ph__session_cancel(run->session, numbered(run, run->words.word[1]));
}

static int do_address(struct run *run, bool is_mail)
{
    ph_address_free(run->address);
    const int status = address_make(&run->words, &run->allocator, &run->address);
    if (status != PH_OK)
        return ph__error_set(&run->argument_error, status, is_mail ? PH_PHASE_MAIL : PH_PHASE_RCPT,
                             "not an address");
    return is_mail ? ph__session_mail(run->session, run->address)
                   : ph__session_rcpt(run->session, run->address);
}

static const struct {
    const char *name;
    enum ph__single single;
} singles[] = {
    {"helo", PH__SINGLE_HELO}, {"ehlo", PH__SINGLE_EHLO}, {"starttls", PH__SINGLE_STARTTLS},
    {"rset", PH__SINGLE_RSET}, {"noop", PH__SINGLE_NOOP}, {"vrfy", PH__SINGLE_VRFY},
    {"help", PH__SINGLE_HELP}, {"quit", PH__SINGLE_QUIT}, {"raw", PH__SINGLE_RAW},
};

static int do_single(struct run *run)
{
    const char *argument = run->words.count > 1 ? run->words.word[1] : NULL;
    for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++) {
        if (strcmp(singles[i].name, run->words.word[0]) == 0)
            return ph__session_command(run->session, singles[i].single, argument);
    }
    (void)fprintf(stderr, "%s: no operation is called %s\n", run->dialogue->name,
                  run->words.word[0]);
    exit(2);
}

static int submit(struct run *run)
{
    const char *name = run->words.word[0];
    if (strcmp(name, "start") == 0)
        return do_start(run);
    if (strcmp(name, "send") == 0)
        return do_send(run);
    if (strcmp(name, "data") == 0)
        return do_data(run);
    if (strcmp(name, "cancel") == 0)
        return do_cancel(run);
    if (strcmp(name, "mailfrom") == 0 || strcmp(name, "rcptto") == 0)
        return do_address(run, name[0] == 'm');
    if (strcmp(name, "auth") == 0)
        return log_in(run, words_value(&run->words, "user"), words_value(&run->words, "secret"),
                      words_value(&run->words, "mechanism"));
    return do_single(run);
}

static void begin(struct run *run, const struct item *item)
{
    if (run->has_words)
        words_release(&run->words);
    words_split(&run->words, item->text);
    run->has_words = true;
    ph__error_clear(&run->argument_error);
    run->is_done = run->broke_behind = false;
    run->status = submit(run);
    run->was_refused = run->status != PH_OK;
    run->is_done = run->was_refused;
    if (!run->was_refused)
        pump(run);
}

/* ---- Items ----------------------------------------------------------------------------------- */

/* "message N ...": what is expected of one of several. */
static const char *expect_of_message(struct run *run, const struct item *item)
{
    char *rest;
    (void)strtoul(item->text + strlen("message "), &rest, 10);
    const struct sent *sent = numbered(run, item->text + strlen("message "));
    const struct state state = {
        .status = sent->status,
        .error = ph_result_error(sent->result),
        .reply = ph_result_reply(sent->result),
        .result = sent->result,
        .is_started = -1,
        .is_broken = ph__session_is_broken(run->session),
    };
    while (*rest == ' ')
        rest++;
    if (strcmp(rest, "under way") == 0)
        return sent->is_done ? tell_at(run->dialogue, item, "it has ended") : NULL;
    if (!sent->is_done)
        return tell_at(run->dialogue, item, "it is still under way");
    const char *problem = expectation_problem(rest, &state);
    return problem ? tell_at(run->dialogue, item, "%s", problem) : NULL;
}

static const char *expect(struct run *run, const struct item *item)
{
    if (strncmp(item->text, "message ", strlen("message ")) == 0)
        return expect_of_message(run, item);
    const struct sent *last = run->sent_count > 0 ? &run->sent[run->sent_count - 1] : NULL;
    const struct ph__error *error = ph__error_is_set(&run->argument_error) ? &run->argument_error
                                    : run->broke_behind                    ? &last->result->error
                                                        : ph__session_error(run->session);
    const struct state state = {
        .status = run->status,
        .error = ph__error_is_set(error) ? error->view : NULL,
        .reply = ph__session_reply(run->session),
        .result = last ? last->result : NULL,
        .capabilities = ph__session_capabilities(run->session),
        .notice = ph__session_notice(run->session),
        .trace = run->trace_text->text,
        .is_started = -1,
        .is_broken = ph__session_is_broken(run->session),
    };
    if (!run->is_done)
        return tell_at(run->dialogue, item, "the operation is still under way");
    const char *problem = expectation_problem(item->text, &state);
    return problem ? tell_at(run->dialogue, item, "%s", problem) : NULL;
}

static const char *check_written(struct run *run, const struct item *item)
{
    const bool is_same = run->written_length == item->length &&
                         (item->length == 0 || memcmp(run->written, item->text, item->length) == 0);
    const char *problem =
        is_same ? NULL
                : tell_at(run->dialogue, item, "the client wrote\n%s\nand not\n%s",
                          shown(run->written ? run->written : "", run->written_length),
                          shown(item->text, item->length));
    run->written_length = 0;
    return problem;
}

static const char *check_silent(struct run *run, const struct item *item)
{
    if (run->written_length == 0)
        return NULL;
    return tell_at(run->dialogue, item, "the client wrote more:\n%s",
                   shown(run->written, run->written_length));
}

static const char *play(struct run *run, const struct item *item)
{
    const char *problem = NULL;
    switch (item->kind) {
    case ITEM_DO:
        begin(run, item);
        return NULL;
    case ITEM_CLIENT:
        return check_written(run, item);
    case ITEM_SERVER:
        problem = check_silent(run, item);
        feed(run, item->text, item->length);
        return problem;
    case ITEM_CLOSE:
        ph__session_end_of_input(run->session);
        take_events(run);
        return NULL;
    case ITEM_TLS:
        if (!run->wants_tls)
            return tell_at(run->dialogue, item, "the session does not ask for TLS");
        run->wants_tls = false;
        (void)ph__session_tls_started(run->session);
        pump(run);
        return NULL;
    case ITEM_EXPECT:
        return expect(run, item);
    }
    return problem;
}

/* Also where the session broke behind an event that was told. */
static bool lacks_memory(const struct run *run)
{
    return run->status == PH_ERR_NO_MEMORY ||
           ph__session_error(run->session)->view->status == PH_ERR_NO_MEMORY;
}

static const char *play_all(struct run *run, bool may_fail)
{
    for (size_t i = 0; i < run->dialogue->count; i++) {
        const struct item *item = &run->dialogue->items[i];
        const char *problem = play(run, item);
        if (may_fail && lacks_memory(run))
            return NULL;
        /* Without memory for a reply's words, what is asked of them may not be there, and what
         * follows may differ from the text. */
        if (problem && may_fail &&
            (item->kind == ITEM_EXPECT || run->status == PH_OK || run->status == PH_ERR_BROKEN))
            return NULL;
        if (problem)
            return problem;
    }
    const struct item *last = &run->dialogue->items[run->dialogue->count - 1];
    return check_silent(run, last);
}

const char *run_over_session(const struct dialogue *dialogue, enum split split, unsigned seed,
                             const ph_allocator *allocator, bool may_fail)
{
    struct trace_text *trace_text = calloc(1, sizeof *trace_text);
    struct run run = {.dialogue = dialogue, .split = split, .seed = seed, .is_done = true};
    run.allocator = *allocator;
    run.trace_text = trace_text;
    run.trace = (struct ph__trace){.line = trace_append, .user_data = trace_text};
    ph__error_init(&run.argument_error, &run.allocator);
    const struct ph__session_config config = {
        .allocator = &run.allocator,
        .server = "mx.example.net",
        .reply_limits = {.line_max = 1000, .lines_max = 100, .total_max = 20000},
        .trace = &run.trace,
    };
    const char *problem = NULL;
    run.session = ph__session_new(&config);
    if (run.session && ph__mechanism_table_init(&run.mechanisms, &run.allocator) == PH_OK)
        problem = play_all(&run, may_fail);
    ph__session_free(run.session);
    ph__mechanism_table_release(&run.mechanisms);
    for (size_t i = 0; i < run.sent_count; i++) {
        ph_result_free(run.sent[i].result);
        mail_release(&run.sent[i].mail);
    }
    ph_address_free(run.address);
    ph__error_release(&run.argument_error);
    if (run.has_words)
        words_release(&run.words);
    free(run.written);
    free(trace_text);
    return problem;
}
