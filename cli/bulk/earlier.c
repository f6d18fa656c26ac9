/* SPDX-License-Identifier: MIT */
#include "earlier.h"

static bool is_settled(const struct run *run, enum known_state state)
{
    switch (state) {
    case KNOWN_SENT:
        return true;
    case KNOWN_REFUSED:
        return !run->retries_refused;
    case KNOWN_BEGUN:
    case KNOWN_UNKNOWN:
        return !run->retries_unknown;
    case KNOWN_NOT:
    case KNOWN_FAILED:
    case known_states:
        break;
    }
    return false;
}

static void count(struct run *run, const struct item *item, enum known_state state)
{
    run->tally.before[state]++;
    if (state != KNOWN_BEGUN && state != KNOWN_UNKNOWN)
        return;
    meter_clear(&run->meter);
    results_tell_unknown(&run->results, item);
}

static void pass_over(struct run *run, const struct item *item, enum known_state state)
{
    count(run, item, state);
    meter_add(&run->meter, item->size, 0);
}

/* Takes out the recipients that are settled. @param counts  receives how they were
 * @return false without memory */
static bool take_out_settled(const struct run *run, struct item *item, size_t *counts)
{
    for (size_t i = ph_message_recipient_count(item->message); i-- > 0;) {
        enum known_state state;
        const char *mailbox = ph_message_recipient_mailbox(item->message, i);
        if (!checkpoint_recipient_state(run->checkpoint, item, mailbox, &state))
            return false;
        if (!is_settled(run, state))
            continue;
        counts[state]++;
        item_remove_recipient(item, i);
    }
    return true;
}

/* The message is known by its recipients. */
static enum earlier settle_recipients(struct run *run, struct item *item)
{
    size_t counts[known_states] = {0};
    item->is_part = true;
    /* It cannot be read now: that changes nothing of what is known. */
    if (!item->message || ph_message_recipient_count(item->message) == 0)
        return EARLIER_NOTHING;
    if (!take_out_settled(run, item, counts))
        return EARLIER_NO_MEMORY;
    const bool is_left = ph_message_recipient_count(item->message) > 0;
    const bool is_unknown = counts[KNOWN_BEGUN] + counts[KNOWN_UNKNOWN] > 0;
    run->tally.was_sent_in_part |= counts[KNOWN_SENT] > 0;
    if (counts[KNOWN_SENT] > 0)
        run->tally.refused_before += counts[KNOWN_REFUSED];
    if (is_left && is_unknown)
        count(run, item, KNOWN_UNKNOWN);
    else if (!is_left)
        pass_over(run, item,
                  is_unknown               ? KNOWN_UNKNOWN
                  : counts[KNOWN_SENT] > 0 ? KNOWN_SENT
                                           : KNOWN_REFUSED);
    return is_left ? EARLIER_NOTHING : EARLIER_ALL;
}

enum earlier earlier_settle(struct run *run, struct item *item)
{
    if (!run->checkpoint)
        return EARLIER_NOTHING;
    if (checkpoint_knows_parts(run->checkpoint, item))
        return settle_recipients(run, item);
    const enum known_state state = checkpoint_state(run->checkpoint, item);
    if (!is_settled(run, state))
        return EARLIER_NOTHING;
    pass_over(run, item, state);
    return EARLIER_ALL;
}
