/* SPDX-License-Identifier: MIT */
/* One message of many: what a source gives, with what is needed to tell of it afterwards. */
#ifndef CLI_BULK_ITEM_H
#define CLI_BULK_ITEM_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"
#include "content.h"
#include "told.h"

/* What the command line says of every envelope. */
struct envelope_options {
    const char *from; /* NULL: each message names its own */
    struct option_texts to;
    bool any_recipient;
};

struct sender;

struct item {
    char *identity;      /* what a checkpoint knows it by; see identity.h */
    char *where;         /* what a sentence calls it: "line 7 of list.ndjson" */
    ph_message *message; /* NULL only if there is a fault */
    struct content content;
    uint64_t offset;       /* where it stands in its source, if that is ordered */
    uint64_t size;         /* how much of the source it is, in the source's unit */
    struct sender *sender; /* that has it on its way */
    bool is_begun;         /* a checkpoint has it as begun, or did before it told of its end */
    uint32_t attempts;     /* how often it was begun in this run */
    uint64_t due_ms;       /* when it may be begun again; see waiting.h */
    bool any_recipient;    /* as in the options */
    bool is_part;          /* it goes to some of its recipients: with the others it is settled */
    bool is_sent;          /* this run sent it to some of its recipients */
    size_t refused;        /* recipients that this run's earlier attempts found refused for good */
    struct told told;
    /* Why it cannot be sent; NULL if it can. */
    struct problem *fault;
};

/** @return an item without anything, NULL without memory; freed with item_free */
struct item *item_new(void);

/** Frees an item and all that belongs to it. NULL is allowed. */
void item_free(struct item *item);

/**
 * Says that this message, and only this one, cannot be sent.
 * @return false without memory
 */
bool item_refuse(struct item *item, ph_status status, ph_phase phase, int system_errno,
                 const char *format, ...) PH_PRINTF(5, 6);

/** Makes the message, if there is none, and sets the recipient policy. @return a ph_status */
int item_make_message(struct item *item, const struct envelope_options *options);

/**
 * Adds a recipient, or sets the sender; refuses the item if it is no address.
 * @param field  where the address comes from, as a sentence calls it: "to", "--from", "the Cc
 * field"
 * @return false without memory
 */
bool item_add_recipient(struct item *item, const char *mailbox, const char *field);
bool item_set_sender(struct item *item, const char *mailbox, const char *field);

/** Takes out recipient @p index, which must be there. */
void item_remove_recipient(struct item *item, size_t index);

#endif
