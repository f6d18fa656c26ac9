/* SPDX-License-Identifier: MIT */
/* libcurl's multi interface by epoll: COUNT handles at once, each with a connection of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <curl/curl.h>

#include "job.h"

enum {
    events_max = 256
};

struct transfer {
    const struct job *job;
    size_t at;
};

struct loop {
    CURLM *multi;
    int epoll_fd;
    long timeout_ms;
    long done;
};

static size_t give(char *buffer, size_t size, size_t count, void *user_data)
{
    struct transfer *transfer = user_data;
    const size_t room = size * count;
    const size_t left = transfer->job->body_length - transfer->at;
    const size_t n = left < room ? left : room;
    memcpy(buffer, transfer->job->body + transfer->at, n);
    transfer->at += n;
    return n;
}

static int watch(CURL *curl, curl_socket_t fd, int what, void *user_data, void *known)
{
    struct loop *loop = user_data;
    struct epoll_event event = {.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
                                          (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0),
                                .data = {.fd = fd}};
    (void)curl;
    if (what == CURL_POLL_REMOVE)
        return epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL) * 0;
    (void)epoll_ctl(loop->epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    curl_multi_assign(loop->multi, fd, loop);
    return 0;
}

static int set_timeout(CURLM *multi, long timeout_ms, void *user_data)
{
    struct loop *loop = user_data;
    (void)multi;
    loop->timeout_ms = timeout_ms;
    return 0;
}

static void add(struct loop *loop, struct transfer *transfer, struct curl_slist *recipients)
{
    char url[64];
    CURL *curl = curl_easy_init();
    (void)snprintf(url, sizeof url, "smtp://127.0.0.1:%d/client.example.org", transfer->job->port);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, "<" JOB_SENDER ">");
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
    curl_multi_add_handle(loop->multi, curl);
}

static void take_results(struct loop *loop)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(loop->multi, &left)) != NULL) {
        if (message->data.result != CURLE_OK)
            job_fail("curl", curl_easy_strerror(message->data.result));
        CURL *curl = message->easy_handle;
        curl_multi_remove_handle(loop->multi, curl);
        curl_easy_cleanup(curl);
        loop->done++;
    }
}

static void run(struct loop *loop, long count)
{
    int running;
    struct epoll_event events[events_max];
    while (loop->done < count) {
        const int n = epoll_wait(loop->epoll_fd, events, events_max, (int)loop->timeout_ms);
        for (int i = 0; i < n; i++) {
            const int what = (events[i].events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
                             (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
            curl_multi_socket_action(loop->multi, events[i].data.fd, what, &running);
        }
        if (n == 0)
            curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        take_results(loop);
    }
}

int main(int argc, char **argv)
{
    struct meter meter;
    struct job job = job_read(argc, argv);
    struct curl_slist *recipients = curl_slist_append(NULL, job_recipient(0));
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    struct transfer *transfers = job_allocate((size_t)job.count * sizeof *transfers);
    struct loop loop = {.multi = curl_multi_init(), .epoll_fd = epoll_create1(0), .timeout_ms = -1};
    curl_multi_setopt(loop.multi, CURLMOPT_SOCKETFUNCTION, watch);
    curl_multi_setopt(loop.multi, CURLMOPT_SOCKETDATA, &loop);
    curl_multi_setopt(loop.multi, CURLMOPT_TIMERFUNCTION, set_timeout);
    curl_multi_setopt(loop.multi, CURLMOPT_TIMERDATA, &loop);
    meter_begin(&meter);
    for (long i = 0; i < job.count; i++) {
        transfers[i] = (struct transfer){.job = &job};
        add(&loop, &transfers[i], recipients);
    }
    run(&loop, job.count);
    meter_end(&meter, loop.done);
    curl_multi_cleanup(loop.multi);
    curl_slist_free_all(recipients);
    curl_global_cleanup();
    free(transfers);
    job_free(&job);
    return 0;
}
