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

    struct mail mail;
    size_t body_given;
    ph_result *result;
    ph_address *address;
    struct words words; /* of the operation under way: they hold what it borrows */
    bool has_words;

    bool is_done;
    bool was_refused; /* the last operation did not begin */
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

static bool give_content(struct run *run)
{
    if (!ph__session_wants_content(run->session))
        return false;
    const size_t rest = run->mail.body_length - run->body_given;
    const size_t n = piece(run, rest);
    ph__session_content(run->session, run->mail.body + run->body_given, n, n == rest);
    run->body_given += n;
    return true;
}

static void take_events(struct run *run)
{
    struct ph__event event;
    while (ph__session_next_event(run->session, &event)) {
        if (event.type == PH__EVENT_START_TLS) {
            run->wants_tls = true;
            return;
        }
        run->status = event.status;
        run->is_done = true;
    }
}

static void pump(struct run *run)
{
    for (;;) {
        struct ph__slice slices[4];
        const size_t count = ph__session_output(run->session, slices, 4);
        if (count == 0 && !give_content(run))
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

static int do_start(struct run *run)
{
    const struct words *words = &run->words;
    const char *starttls = words_value(words, "starttls");
    const char *helo = words_value(words, "helo");
    const struct ph__session_start start = {
        .helo = helo ? helo : "client.example.org",
        .esmtp = !words_has(words, "no-esmtp"),
        .starttls = !starttls || strcmp(starttls, "off") == 0 ? PH_STARTTLS_OFF
                    : strcmp(starttls, "auto") == 0           ? PH_STARTTLS_AUTO
                                                              : PH_STARTTLS_ALWAYS,
        .is_secure = words_has(words, "tls"),
    };
    run->trace.shows_secrets = words_has(words, "show-secrets");
    return ph__session_begin(run->session, &start);
}

static int new_result(struct run *run, const struct ph__envelope *envelope)
{
    ph_result_free(run->result);
    run->body_given = 0;
    run->result = ph__result_new(&run->allocator, envelope);
    return run->result ? PH_OK : PH_ERR_NO_MEMORY;
}

static int do_send(struct run *run)
{
    mail_make(&run->mail, &run->words);
    const struct ph__envelope *envelope = &run->mail.message->envelope;
    const int status = new_result(run, envelope);
    const struct ph__outgoing outgoing = {.envelope = envelope, .result = run->result};
    return status == PH_OK ? ph__session_send(run->session, &outgoing) : status;
}

static int do_data(struct run *run)
{
    mail_make(&run->mail, &run->words);
    const int status = new_result(run, NULL);
    return status == PH_OK ? ph__session_data(run->session, run->result) : status;
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
    mail_release(&run->mail);
    words_split(&run->words, item->text);
    run->has_words = true;
    ph__error_clear(&run->argument_error);
    run->is_done = false;
    run->status = submit(run);
    run->was_refused = run->status != PH_OK;
    run->is_done = run->was_refused;
    if (!run->was_refused)
        pump(run);
}

/* ---- Items ----------------------------------------------------------------------------------- */

static const char *expect(struct run *run, const struct item *item)
{
    const struct ph__error *error = ph__error_is_set(&run->argument_error)
                                        ? &run->argument_error
                                        : ph__session_error(run->session);
    const struct state state = {
        .status = run->status,
        .error = ph__error_is_set(error) ? &error->view : NULL,
        .reply = ph__session_reply(run->session),
        .result = run->result,
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

static const char *play_all(struct run *run, bool may_fail)
{
    for (size_t i = 0; i < run->dialogue->count; i++) {
        const struct item *item = &run->dialogue->items[i];
        const char *problem = play(run, item);
        if (run->status == PH_ERR_NO_MEMORY && may_fail)
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
    ph_result_free(run.result);
    ph_address_free(run.address);
    ph__error_release(&run.argument_error);
    mail_release(&run.mail);
    if (run.has_words)
        words_release(&run.words);
    free(run.written);
    free(trace_text);
    return problem;
}
