/* SPDX-License-Identifier: MIT */
/* Doubly linked lists whose links lie in what they hold: nothing is allocated, and anything can be
 * taken out at once. */
#ifndef PH_POOL_LIST_H
#define PH_POOL_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* All zeros: in no list. */
struct ph__link {
    struct ph__link *next;
    struct ph__link *previous;
};

struct ph__list {
    struct ph__link ends; /* next is the first, previous the last; itself when empty */
};

/* The structure that holds a link. */
#define PH__HOLDER(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void ph__list_init(struct ph__list *list)
{
    list->ends.next = list->ends.previous = &list->ends;
}

static inline bool ph__link_is_in_list(const struct ph__link *link)
{
    return link->next != NULL;
}

static inline void ph__list_insert_behind(struct ph__link *before, struct ph__link *link)
{
    link->previous = before;
    link->next = before->next;
    before->next->previous = link;
    before->next = link;
}

static inline void ph__list_append(struct ph__list *list, struct ph__link *link)
{
    ph__list_insert_behind(list->ends.previous, link);
}

static inline void ph__list_prepend(struct ph__list *list, struct ph__link *link)
{
    ph__list_insert_behind(&list->ends, link);
}

/** Takes a link out of its list; one that is in none stays so. */
static inline void ph__list_remove(struct ph__link *link)
{
    if (!link->next)
        return;
    link->previous->next = link->next;
    link->next->previous = link->previous;
    link->next = link->previous = NULL;
}

/** @return the first link, or NULL */
static inline struct ph__link *ph__list_first(const struct ph__list *list)
{
    return list->ends.next == &list->ends ? NULL : list->ends.next;
}

#endif
