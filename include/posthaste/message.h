/* SPDX-License-Identifier: MIT */
/*
 * ph_message: an envelope (who sends, who receives) and a source for the content.
 * ph_result: what became of a message, recipient by recipient.
 *
 * Content leaves with CRLF line ends alone: LF, CR and CRLF each end a line, a missing last line
 * end is added, and a leading dot is doubled (RFC 5321 sections 2.3.8 and 4.5.2). Any other byte
 * passes unchanged.
 */
#ifndef POSTHASTE_MESSAGE_H
#define POSTHASTE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <posthaste/address.h>
#include <posthaste/allocator.h>
#include <posthaste/api.h>
#include <posthaste/error.h>
#include <posthaste/reply.h>

PH_BEGIN_DECLS

typedef struct ph_message ph_message;
typedef struct ph_result ph_result;

/** What a refused recipient means for the others. */
typedef enum ph_recipient_policy {
    PH_RCPT_ALL = 0, /**< nobody gets the message unless every recipient is accepted; the default */
    PH_RCPT_ANY = 1  /**< those who are accepted get it */
} ph_recipient_policy;

/** What is declared of the content (RFC 6152), and checked while it is sent. */
typedef enum ph_body_type {
    PH_BODY_UNDECLARED =
        0,               /**< nothing is declared and nothing checked; the default, as Net::SMTP */
    PH_BODY_7BIT = 1,    /**< 7-bit text, lines of at most 998 bytes: anything else fails the
                              message before its end is sent */
    PH_BODY_8BITMIME = 2 /**< BODY=8BITMIME; PH_ERR_UNSUPPORTED if the server lacks 8BITMIME;
                              lines of at most 998 bytes without NUL are checked */
} ph_body_type;

/** What is known of the content's line ends. */
typedef enum ph_line_ends {
    PH_LINE_ENDS_ANY = 0, /**< nothing: they are made right, the default */
    PH_LINE_ENDS_CRLF = 1 /**< each line, the last one too, ends in CRLF, and CR and LF stand
                             nowhere else: the caller's word */
} ph_line_ends;

/** What happens if an address is not ASCII and the server lacks SMTPUTF8 (RFC 6531). */
typedef enum ph_smtputf8 {
    PH_SMTPUTF8_REQUIRED = 0, /**< PH_ERR_UNSUPPORTED, before MAIL; the default */
    PH_SMTPUTF8_RAW = 1       /**< the bytes are sent all the same, as Net::SMTP does */
} ph_smtputf8;

/**
 * Makes an empty message: null sender, no recipient, empty content.
 *
 * @param allocator  memory functions, or NULL for malloc and free; copied
 * @param out        receives the message; the caller frees it with ph_message_free
 * @return PH_OK or PH_ERR_NO_MEMORY
 *
 * A message may be sent by one session at a time, one whose content is in memory by several
 * connections of one thread (ph_connection_send). It can be sent again if its source can be read
 * again: memory always can, a callback if it begins anew, a descriptor or stream not by itself.
 */
PH_API PH_MUST_CHECK int ph_message_new(const ph_allocator *allocator, ph_message **out);

/** Frees a message and its envelope, not its source. NULL is allowed. */
PH_API void ph_message_free(ph_message *message);

/**
 * Sets the sender (the reverse-path of MAIL, RFC 5321 section 4.1.1.2).
 * @param mailbox  as ph_address_new takes it; "" or NULL for the null sender
 * @return PH_OK, PH_ERR_ARGUMENT (not a mailbox; nothing changes), PH_ERR_NO_MEMORY
 */
PH_API PH_MUST_CHECK int ph_message_set_from(ph_message *message, const char *mailbox);

/** The same with parameters. @p address is copied. @return PH_OK or PH_ERR_NO_MEMORY */
PH_API PH_MUST_CHECK int ph_message_set_from_address(ph_message *message,
                                                     const ph_address *address);

/**
 * Adds a recipient (the forward-path of RCPT, RFC 5321 section 4.1.1.3). Duplicates are kept.
 * @param mailbox  as ph_address_new takes it, but not empty
 * @return PH_OK, PH_ERR_ARGUMENT (not a mailbox; nothing changes), PH_ERR_NO_MEMORY
 */
PH_API PH_MUST_CHECK int ph_message_add_recipient(ph_message *message, const char *mailbox);

/** The same with parameters. @p address is copied. @return as ph_message_add_recipient */
PH_API PH_MUST_CHECK int ph_message_add_recipient_address(ph_message *message,
                                                          const ph_address *address);

/** @return how many recipients the message has. */
PH_API size_t ph_message_recipient_count(const ph_message *message);

/** @return the mailbox of recipient @p index, in the order they were added; NULL if there is none.
 * Valid until that recipient is removed or the message freed. */
PH_API const char *ph_message_recipient_mailbox(const ph_message *message, size_t index);

/**
 * Removes a recipient, so that a message can be sent again to those that did not get it. Those
 * behind it move up by one. Not while the message is being sent.
 * @return PH_OK or PH_ERR_ARGUMENT (there is no recipient @p index; nothing changes)
 */
PH_API PH_MUST_CHECK int ph_message_remove_recipient(ph_message *message, size_t index);

/** Sets the recipient policy. @return PH_OK, or PH_ERR_ARGUMENT for a number that is none */
PH_API PH_MUST_CHECK int ph_message_set_recipient_policy(ph_message *message,
                                                         ph_recipient_policy policy);

/** Sets what is declared of the content. @return PH_OK, or PH_ERR_ARGUMENT */
PH_API PH_MUST_CHECK int ph_message_set_body_type(ph_message *message, ph_body_type type);

/**
 * Says what is known of the content's line ends. With PH_LINE_ENDS_CRLF, content leaves by BDAT
 * (RFC 3030) without being looked at, a regular file without being read by the program at all;
 * behind DATA it is looked through as ever.
 *
 * The word is for content that the program itself has made or checked. Content of a stranger that
 * breaks it reaches the server with its bare CR or LF, which other servers may take for what they
 * are not (SMTP smuggling).
 * @return PH_OK, or PH_ERR_ARGUMENT for a number that is none
 */
PH_API PH_MUST_CHECK int ph_message_set_line_ends(ph_message *message, ph_line_ends line_ends);

/** Sets what addresses beyond ASCII need. @return PH_OK, or PH_ERR_ARGUMENT */
PH_API PH_MUST_CHECK int ph_message_set_smtputf8(ph_message *message, ph_smtputf8 smtputf8);

/**
 * Content from memory, which is borrowed, not copied: it must stay until the message is sent or
 * gets another source.
 * @param bytes  NULL only if @p n is 0
 * @return PH_OK or PH_ERR_ARGUMENT
 */
PH_API PH_MUST_CHECK int ph_message_set_content(ph_message *message, const void *bytes, size_t n);

/**
 * Content from a file descriptor, read from where it stands to its end. It is borrowed and not
 * closed; if it is a pipe or socket, reading it may block for as long as its writer takes.
 * @return PH_OK or PH_ERR_ARGUMENT (negative)
 */
PH_API PH_MUST_CHECK int ph_message_set_content_fd(ph_message *message, int fd);

/** Content from a stream, read from where it stands to its end; borrowed, not closed. */
PH_API PH_MUST_CHECK int ph_message_set_content_file(ph_message *message, FILE *file);

/**
 * Gives the next bytes of a message.
 *
 * @param buffer  where they go
 * @param size    room in @p buffer, at least 1
 * @param length  receives how many were given; 0 is the end of the message
 * @return 0, or anything else to fail: the connection is then dropped so that no truncated message
 *         is delivered, and the send ends in PH_ERR_SOURCE. It must not call the session that
 * reads.
 */
typedef int (*ph_read_fn)(void *buffer, size_t size, size_t *length, void *user_data);

/** Content from a callback. @return PH_OK or PH_ERR_ARGUMENT (NULL) */
PH_API PH_MUST_CHECK int ph_message_set_content_callback(ph_message *message, ph_read_fn read,
                                                         void *user_data);

/**
 * Goes back to the first byte of a message, from wherever its reading ended.
 * @param user_data  what ph_message_set_content_callback was given
 * @return 0, or anything else if it cannot
 */
typedef int (*ph_rewind_fn)(void *user_data);

/**
 * Lets content from a callback be read again, so that ph_pool can try the message again. Content
 * from memory, and from a descriptor or stream of a regular file, can be read again without it.
 * @param rewind  NULL: it can be read once, which is how ph_message_set_content_callback leaves it
 * @return PH_OK, or PH_ERR_STATE (the content comes from no callback)
 */
PH_API PH_MUST_CHECK int ph_message_set_rewind(ph_message *message, ph_rewind_fn rewind);

/** How a recipient fared. */
typedef enum ph_recipient_state {
    PH_RECIPIENT_NOT_TRIED = 0, /**< RCPT was not sent, or its reply could not be had */
    PH_RECIPIENT_ACCEPTED = 1,  /**< RCPT got 2yz; whether it got mail, the outcome says */
    PH_RECIPIENT_REFUSED = 2    /**< RCPT got anything else */
} ph_recipient_state;

/** Frees a result that a call handed over. NULL is allowed. Never for one that an object lends. */
PH_API void ph_result_free(ph_result *result);

/*
 * What these return belongs to the result. Once its message has ended it is valid as long as the
 * result is; before, until more becomes of the message.
 */

/** @return what became of the message (for those recipients who were accepted). */
PH_API ph_outcome ph_result_outcome(const ph_result *result);

/** @return the failure, or NULL if there was none. */
PH_API const ph_error *ph_result_error(const ph_result *result);

/** @return the reply to the end of the message, or NULL if there was none. */
PH_API const ph_reply *ph_result_reply(const ph_result *result);

/** @return how many bytes of content were handed to the system, as sent (dots doubled, with end).
 */
PH_API uint64_t ph_result_bytes(const ph_result *result);

/** @return how many recipients the message had. */
PH_API size_t ph_result_recipient_count(const ph_result *result);

/** @return the mailbox of recipient @p index, in the order they were added; NULL if there is none.
 */
PH_API const char *ph_result_recipient_mailbox(const ph_result *result, size_t index);

/** @return how recipient @p index fared; NOT_TRIED if there is none. */
PH_API ph_recipient_state ph_result_recipient_state(const ph_result *result, size_t index);

/** @return the reply to recipient @p index, or NULL if there was none. */
PH_API const ph_reply *ph_result_recipient_reply(const ph_result *result, size_t index);

/** @return how many recipients were refused. */
PH_API size_t ph_result_refused_count(const ph_result *result);

PH_END_DECLS

#endif
