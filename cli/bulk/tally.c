/* SPDX-License-Identifier: MIT */
#include "tally.h"

#include "cli/exit_code.h"

enum known_state tally_state_of(const ph_error *error)
{
    if (!error)
        return KNOWN_SENT;
    if (error->outcome != PH_OUTCOME_NOT_SENT)
        return KNOWN_UNKNOWN;
    /* What another attempt cannot change: the server's word on this message, or the message. */
    const bool is_final = error->status == PH_ERR_FATAL || error->status == PH_ERR_SYNTAX ||
                          error->status == PH_ERR_ARGUMENT || error->status == PH_ERR_UNSUPPORTED;
    return is_final && error->phase >= PH_PHASE_MAIL ? KNOWN_REFUSED : KNOWN_FAILED;
}

void tally_add(struct tally *tally, enum known_state state, const ph_error *error)
{
    tally->now[state]++;
    if (error && state != KNOWN_SENT && tally->first_code == EXIT_OK)
        tally->first_code = state == KNOWN_FAILED && tally_state_of(error) == KNOWN_REFUSED
                                ? EXIT_TRY_AGAIN /* the first recipient's refusal is not all */
                                : exit_code_of_error(error);
}

uint64_t tally_failed(const struct tally *tally)
{
    return tally->now[KNOWN_REFUSED] + tally->now[KNOWN_FAILED] + tally->now[KNOWN_UNKNOWN];
}

uint64_t tally_done(const struct tally *tally)
{
    return tally->now[KNOWN_SENT] + tally_failed(tally);
}

static uint64_t both(const struct tally *tally, enum known_state state)
{
    return tally->now[state] + tally->before[state];
}

int tally_exit_code(const struct tally *tally)
{
    if (both(tally, KNOWN_UNKNOWN) + both(tally, KNOWN_BEGUN) > 0)
        return EXIT_PROTOCOL;
    if (both(tally, KNOWN_SENT) == 0 && !tally->was_sent_in_part && tally->first_code != EXIT_OK)
        return tally->first_code;
    if (both(tally, KNOWN_FAILED) + tally->failed_recipients > 0 || tally->is_incomplete)
        return EXIT_TRY_AGAIN;
    if (both(tally, KNOWN_REFUSED) + tally->refused_recipients + tally->refused_before > 0)
        return EXIT_PARTIAL;
    return EXIT_OK;
}
