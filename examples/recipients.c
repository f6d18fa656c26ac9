/* SPDX-License-Identifier: MIT */
/* Sends a file, and tells how each recipient fared.   recipients SERVER PORT FILE FROM TO... */
#include <posthaste/posthaste.h>

#include <stdio.h>
#include <stdlib.h>

static void print_result(const ph_result *result)
{
    static const char *const states[] = {"not tried", "accepted", "refused"};
    for (size_t i = 0; i < ph_result_recipient_count(result); i++) {
        const ph_reply *reply = ph_result_recipient_reply(result, i);
        printf("%s: %s%s%s\n", ph_result_recipient_mailbox(result, i),
               states[ph_result_recipient_state(result, i)], reply ? ": " : "",
               reply ? ph_reply_message(reply) : "");
    }
    printf("message: %s\n", ph_outcome_name(ph_result_outcome(result)));
}

static int make_message(ph_message *message, FILE *content, char **addresses)
{
    int status = ph_message_set_content_file(message, content);
    if (status == PH_OK)
        status = ph_message_set_recipient_policy(message, PH_RCPT_ANY);
    if (status == PH_OK)
        status = ph_message_set_from(message, addresses[0]);
    for (char **to = addresses + 1; *to && status == PH_OK; to++)
        status = ph_message_add_recipient(message, *to);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        (void)fprintf(stderr, "usage: %s SERVER PORT FILE FROM TO...\n", argv[0]);
        return 64;
    }
    FILE *content = fopen(argv[3], "rb");
    if (!content) {
        perror(argv[3]);
        return 66;
    }
    ph_message *message;
    ph_result *result = NULL;
    int status = ph_message_new(NULL, &message);
    if (status == PH_OK)
        status = make_message(message, content, argv + 4);
    if (status == PH_OK)
        status = ph_smtp_send_once(argv[1], (int)strtol(argv[2], NULL, 10), NULL, NULL, NULL, NULL,
                                   message, &result);
    if (result)
        print_result(result);
    if (status != PH_OK)
        (void)fprintf(stderr, "%s\n",
                      result ? ph_result_error(result)->message : ph_status_text(status));
    ph_result_free(result);
    ph_message_free(message);
    (void)fclose(content);
    return status == PH_OK ? 0 : 1;
}
