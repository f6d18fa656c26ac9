/* SPDX-License-Identifier: MIT */
#include "ends.h"

#include <string.h>

#include "tally.h"

/* A refusal with 4yz may pass (RFC 5321 section 4.2.1); with anything else it is final. */
static bool may_pass(const ph_reply *reply)
{
    return reply && ph_reply_code(reply) / 100 == 4;
}

/* Who is named twice has the message if it was accepted once. */
static bool is_accepted_elsewhere(const ph_result *result, size_t index)
{
    const char *mailbox = ph_result_recipient_mailbox(result, index);
    for (size_t i = 0; i < ph_result_recipient_count(result); i++) {
        if (ph_result_recipient_state(result, i) == PH_RECIPIENT_ACCEPTED &&
            strcmp(ph_result_recipient_mailbox(result, i), mailbox) == 0)
            return true;
    }
    return false;
}

enum known_state ends_of(const struct ends *ends, size_t index)
{
    if (!ends->differ || ph_result_recipient_state(ends->result, index) != PH_RECIPIENT_REFUSED)
        return ends->whole;
    if (ends->whole == KNOWN_SENT && is_accepted_elsewhere(ends->result, index))
        return KNOWN_SENT;
    return may_pass(ph_result_recipient_reply(ends->result, index)) ? KNOWN_FAILED : KNOWN_REFUSED;
}

/* The refusals stand for themselves, and not for a message that nobody was to get without all. */
static bool differ(const struct item *item, const ph_result *result, const ph_error *error)
{
    if (!item->any_recipient || !result || ph_result_refused_count(result) == 0)
        return false;
    return !error || (error->phase == PH_PHASE_RCPT && error->outcome == PH_OUTCOME_NOT_SENT);
}

void ends_judge(struct ends *ends, const struct item *item, const ph_result *result,
                const ph_error *error)
{
    *ends = (struct ends){.result = result,
                          .error = error,
                          .differ = differ(item, result, error),
                          .whole = tally_state_of(error)};
    const size_t count = item->message ? ph_message_recipient_count(item->message) : 0;
    for (size_t i = 0; i < count; i++)
        ends->counts[ends_of(ends, i)]++;
}
