/* SPDX-License-Identifier: MIT */
/* libcurl's easy interface: one handle, whose connection each message uses again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "job.h"

/* What is left of a message. */
struct upload {
    const struct job *job;
    size_t at;
    FILE *file; /* NULL: from memory */
};

static size_t give(char *buffer, size_t size, size_t count, void *user_data)
{
    struct upload *upload = user_data;
    const size_t room = size * count;
    if (upload->file)
        return fread(buffer, 1, room, upload->file);
    const size_t left = upload->job->body_length - upload->at;
    const size_t n = left < room ? left : room;
    memcpy(buffer, upload->job->body + upload->at, n);
    upload->at += n;
    return n;
}

static CURL *prepare(const struct job *job, struct curl_slist *recipients, struct upload *upload)
{
    char url[64];
    CURL *curl = curl_easy_init();
    (void)snprintf(url, sizeof url, "smtp://127.0.0.1:%d/client.example.org", job->port);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, "<" JOB_SENDER ">");
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 2L * 1024 * 1024); /* the most it allows */
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(curl, CURLOPT_READDATA, upload);
    if (job_is(job, "tls")) {
        curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
        curl_easy_setopt(curl, CURLOPT_CAINFO, job->cafile);
    }
    return curl;
}

int main(int argc, char **argv)
{
    struct meter meter;
    struct job job = job_read(argc, argv);
    struct upload upload = {.job = &job, .file = job.body ? NULL : fopen(job.file, "rb")};
    struct curl_slist *recipients = NULL;
    for (long i = 0; i < job.recipients; i++)
        recipients = curl_slist_append(recipients, job_recipient(i));
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *curl = prepare(&job, recipients, &upload);
    meter_begin(&meter);
    for (long i = 0; i < job.count; i++) {
        upload.at = 0;
        if (upload.file)
            rewind(upload.file);
        const CURLcode code = curl_easy_perform(curl);
        if (code != CURLE_OK)
            job_fail("curl", curl_easy_strerror(code));
    }
    meter_end(&meter, job.count);
    curl_easy_cleanup(curl);
    curl_slist_free_all(recipients);
    if (upload.file)
        (void)fclose(upload.file);
    curl_global_cleanup();
    job_free(&job);
    return 0;
}
