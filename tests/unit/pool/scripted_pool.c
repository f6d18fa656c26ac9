/* SPDX-License-Identifier: MIT */
#include "unit/pool/scripted_pool.h"

const struct step scripted_takes_one[] = {
    GREETED, TO_CONTENT, {STEP_HEAR_TO_DOT, NULL}, {STEP_SAY, "250 queued\r\n"}, SAID_GOODBYE};

void told_done(ph_pool *pool, const ph_delivery *delivery, void *user_data)
{
    struct told *told = user_data;
    told->count++;
    told->status = delivery->status;
    told->outcome = delivery->outcome;
    told->attempts = delivery->attempts;
    told->has_result = delivery->result != NULL;
    (void)snprintf(told->says, sizeof told->says, "%s",
                   delivery->error ? delivery->error->message : "");
    const ph_pool_options options = {.done = told_done, .user_data = told};
    if (told->adds_again-- > 0)
        assert_int_equal(ph_pool_add(pool, delivery->server, delivery->message, &options), PH_OK);
}

void scripted_pool_begin(struct scripted_pool *f, const struct step *steps, size_t clients)
{
    const struct server_settings settings = {.steps = steps, .clients = clients};
    *f = (struct scripted_pool){.peer = steps ? scripted_server_start(&settings) : NULL};
    assert_int_equal(ph_pool_new(NULL, &f->pool), PH_OK);
    assert_int_equal(
        ph_server_new("127.0.0.1", steps ? scripted_server_port(f->peer) : 1, NULL, &f->server),
        PH_OK);
    const ph_retry retry = {.attempts = 3, .first_delay_ms = 5, .delay_max_ms = 20};
    assert_int_equal(ph_pool_set_retry(f->pool, &retry), PH_OK);
    assert_int_equal(ph_message_new(NULL, &f->message), PH_OK);
    assert_int_equal(ph_message_set_from(f->message, "a@example.org"), PH_OK);
    assert_int_equal(ph_message_add_recipient(f->message, "b@example.org"), PH_OK);
    assert_int_equal(ph_message_set_content(f->message, "hello\n", 6), PH_OK);
}

int scripted_pool_add(struct scripted_pool *f)
{
    const ph_pool_options options = {.done = told_done, .user_data = &f->told};
    return ph_pool_add(f->pool, f->server, f->message, &options);
}

void scripted_pool_run(struct scripted_pool *f)
{
    assert_int_equal(scripted_pool_add(f), PH_OK);
    assert_true(ph_pool_run(f->pool, 20000));
    ph_pool_close(f->pool);
    assert_true(ph_pool_run(f->pool, 20000));
}

ph_pool_statistics scripted_pool_end(struct scripted_pool *f)
{
    ph_pool_statistics all = {.added = 0};
    if (f->pool) {
        ph_pool_get_statistics(f->pool, &all, sizeof all);
        assert_int_equal(all.added, all.sent + all.refused + all.failed + all.unknown +
                                        all.cancelled + ph_pool_unfinished(f->pool));
        ph_pool_free(f->pool);
    }
    ph_message_free(f->message);
    ph_server_free(f->server);
    const char *problem = f->peer ? scripted_server_stop(f->peer) : NULL;
    if (problem)
        fail_msg("%s", problem);
    return all;
}
