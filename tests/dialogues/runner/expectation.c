/* SPDX-License-Identifier: MIT */
/* Whether what a transcript expects is the case. */
#include "dialogues/runner/expectation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialogues/runner/transcript.h"

static char problem[4096];

static const char *tell(const char *what, const char *is)
{
    (void)snprintf(problem, sizeof problem, "%s is %.3000s", what, is ? is : "(none)");
    return problem;
}

static const char *tell_number(const char *what, int is)
{
    (void)snprintf(problem, sizeof problem, "%s is %d", what, is);
    return problem;
}

static const char *check_text(const char *what, const char *is, const char *expected)
{
    return is && strstr(is, expected) ? NULL : tell(what, is);
}

static const char *check_error(const struct words *words, const struct state *state)
{
    const char *phase = words_value(words, "phase");
    const char *code = words_value(words, "code");
    const char *outcome = words_value(words, "outcome");
    const char *text = words_value(words, "text");
    const char *command = words_value(words, "command");
    const char *enhanced = words_value(words, "enhanced");
    const ph_error *error = state->error;
    if (!error)
        return tell("the error", NULL);
    if (phase && strcmp(ph_phase_name(error->phase), phase) != 0)
        return tell("the phase", ph_phase_name(error->phase));
    if (code && error->reply_code != (int)strtol(code, NULL, 10))
        return tell_number("the code", error->reply_code);
    if (outcome && strcmp(ph_outcome_name(error->outcome), outcome) != 0)
        return tell("the outcome", ph_outcome_name(error->outcome));
    if (enhanced && check_text("the enhanced code", error->enhanced_code, enhanced))
        return problem;
    if (command && check_text("the command", error->command, command))
        return problem;
    return text ? check_text("the sentence", error->message, text) : NULL;
}

static const char *check_status(const struct words *words, const struct state *state)
{
    char name[64];
    (void)snprintf(name, sizeof name, "ERR_%s", words->word[0]);
    if (strcmp(ph_status_name(state->status), name) != 0)
        return tell("the status",
                    state->error ? state->error->message : ph_status_name(state->status));
    return check_error(words, state);
}

static const char *check_recipient(const struct words *words, const struct state *state)
{
    static const char *const states[] = {"not-tried", "accepted", "refused"};
    const ph_result *result = state->result;
    for (size_t i = 0; result && i < ph_result_recipient_count(result); i++) {
        const ph_reply *reply = ph_result_recipient_reply(result, i);
        if (strcmp(ph_result_recipient_mailbox(result, i), words->word[1]) != 0)
            continue;
        if (strcmp(states[ph_result_recipient_state(result, i)], words->word[2]) != 0)
            return tell("the recipient", states[ph_result_recipient_state(result, i)]);
        if (words->count > 3 &&
            (!reply || ph_reply_code(reply) != (int)strtol(words->word[3], NULL, 10)))
            return tell("its reply", reply ? ph_reply_text(reply) : NULL);
        return NULL;
    }
    return tell("the recipient", "not among them");
}

static const char *check_capable(const struct words *words, const struct state *state)
{
    const char *keyword = words->word[1];
    const char *parameters = words_value(words, "parameters");
    if (!state->capabilities)
        return tell("the capabilities", NULL);
    const bool has = ph_capabilities_has(state->capabilities, keyword);
    if (has != (strcmp(words->word[2], "yes") == 0))
        return tell("it", has ? "offered" : "not offered");
    const char *is = has ? ph_capabilities_parameters(state->capabilities, keyword) : NULL;
    return parameters && (!is || strcmp(is, parameters) != 0) ? tell("its parameters", is) : NULL;
}

static const char *check_reply(const struct words *words, const struct state *state)
{
    if (!state->reply)
        return strcmp(words->word[1], "none") == 0 ? NULL : tell("the reply", NULL);
    if (ph_reply_code(state->reply) != (int)strtol(words->word[1], NULL, 10))
        return tell("the reply", ph_reply_text(state->reply));
    return words->count > 2 ? check_text("the reply", ph_reply_text(state->reply), words->word[2])
                            : NULL;
}

static const char *check_no(const struct words *words, const struct state *state)
{
    if (strcmp(words->word[1], "notice") == 0)
        return state->notice ? tell("the notice", state->notice) : NULL;
    return strstr(state->trace, words->word[2]) ? tell("the trace", state->trace) : NULL;
}

static const char *check_words(const struct words *words, const struct state *state)
{
    const char *first = words->word[0];
    if (strcmp(first, "ok") == 0)
        return state->status == PH_OK
                   ? NULL
                   : tell("the status",
                          state->error ? state->error->message : ph_status_name(state->status));
    if (strcmp(first, "outcome") == 0) {
        const char *is = state->result ? ph_outcome_name(ph_result_outcome(state->result)) : NULL;
        return is && strcmp(is, words->word[1]) == 0 ? NULL : tell("the outcome", is);
    }
    if (strcmp(first, "started") == 0)
        return state->is_started < 0 || state->is_started == (strcmp(words->word[1], "yes") == 0)
                   ? NULL
                   : tell_number("started", state->is_started);
    if (strcmp(first, "broken") == 0)
        return state->is_broken ? NULL : tell("the session", "whole");
    if (strcmp(first, "whole") == 0)
        return state->is_broken ? tell("the session", "broken") : NULL;
    if (strcmp(first, "recipient") == 0)
        return check_recipient(words, state);
    if (strcmp(first, "capable") == 0)
        return check_capable(words, state);
    if (strcmp(first, "reply") == 0)
        return check_reply(words, state);
    if (strcmp(first, "notice") == 0)
        return check_text("the notice", state->notice, words->word[1]);
    if (strcmp(first, "trace") == 0)
        return check_text("the trace", state->trace, words->word[1]);
    if (strcmp(first, "no") == 0)
        return check_no(words, state);
    return check_status(words, state);
}

const char *expectation_problem(const char *text, const struct state *state)
{
    struct words words;
    words_split(&words, text);
    const char *found = words.count > 0 ? check_words(&words, state) : "nothing is expected";
    words_release(&words);
    return found;
}
