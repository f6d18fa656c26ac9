/* SPDX-License-Identifier: MIT */
/* Where a password comes from. Its bytes stand in one buffer alone, which is wiped. */
#include "password.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char environment_name[] = "POSTHASTE_PASSWORD";

/* A compiler may drop a memset of what is not read again; volatile writes it may not. */
static void wipe(char *text, size_t n)
{
    volatile char *bytes = text;
    for (size_t i = 0; i < n; i++)
        bytes[i] = 0;
}

void password_wipe(struct password *password)
{
    wipe(password->text, sizeof password->text);
}

/* Reads to the end, so that a writer never meets a closed pipe; keeps what has room. */
static bool read_all(int fd, char *text, size_t room, size_t *length)
{
    char rest[512];
    *length = 0;
    for (;;) {
        const bool keeps = *length < room;
        const ssize_t n =
            read(fd, keeps ? text + *length : rest, keeps ? room - *length : sizeof rest);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            wipe(rest, sizeof rest);
            return n == 0;
        }
        if (keeps)
            *length += (size_t)n;
    }
}

/* Keeps the first line, without its end. */
static const ph_error *take_first_line(const char *source, struct password *password,
                                       struct problem *problem)
{
    const size_t length = strcspn(password->text, "\r\n");
    wipe(password->text + length, sizeof password->text - length);
    if (length == 0)
        return problem_set(problem, PH_ERR_AUTHENTICATION, PH_PHASE_AUTH, 0,
                           "%s holds no password: its first line is empty", source);
    if (length == password_max)
        return problem_set(problem, PH_ERR_AUTHENTICATION, PH_PHASE_AUTH, 0,
                           "%s holds no password: its first line has %d bytes or more", source,
                           password_max);
    return NULL;
}

/* ---- From a file ----------------------------------------------------------------------------- */

static const ph_error *get_from_file(const char *path, struct password *password,
                                     struct problem *problem)
{
    size_t length;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const bool is_read = fd >= 0 && read_all(fd, password->text, password_max, &length);
    const int failure = errno;
    if (fd >= 0)
        (void)close(fd);
    if (!is_read)
        return problem_set(problem, PH_ERR_SOURCE, PH_PHASE_AUTH, failure,
                           "cannot read the password file %s", path);
    return take_first_line("the password file", password, problem);
}

/* ---- From a command -------------------------------------------------------------------------- */

/* In the child: stdin is empty, since the message may be waiting in ours. */
static void run_shell(const char *line, int output)
{
    const int input = open("/dev/null", O_RDONLY);
    (void)signal(SIGPIPE, SIG_DFL);
    if (input >= 0 && dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0)
        (void)execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    _exit(127);
}

/* Starts the command. @return the end of its output to read from, or -1 */
static int start_shell(const char *line, pid_t *child)
{
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    *child = fork();
    if (*child == 0)
        run_shell(line, ends[1]);
    (void)close(ends[1]);
    if (*child > 0)
        return ends[0];
    (void)close(ends[0]);
    return -1;
}

static int wait_for(pid_t child)
{
    int state;
    while (waitpid(child, &state, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return state;
}

/* The command itself is not shown in a message: it may hold a secret, too. */
static const ph_error *get_from_command(const char *line, struct password *password,
                                        struct problem *problem)
{
    pid_t child;
    size_t length;
    const int output = start_shell(line, &child);
    if (output < 0)
        return problem_set(problem, PH_ERR_NO_MEMORY, PH_PHASE_AUTH, errno,
                           "cannot run the password command");
    const bool is_read = read_all(output, password->text, password_max, &length);
    (void)close(output);
    const int state = wait_for(child);
    if (is_read && state == 0)
        return take_first_line("the output of the password command", password, problem);
    if (state > 0 && WIFSIGNALED(state))
        return problem_set(problem, PH_ERR_AUTHENTICATION, PH_PHASE_AUTH, 0,
                           "the password command was ended by signal %d", WTERMSIG(state));
    return problem_set(problem, PH_ERR_AUTHENTICATION, PH_PHASE_AUTH, 0,
                       "the password command failed with exit code %d",
                       state > 0 ? WEXITSTATUS(state) : -1);
}

/* ---- From anywhere --------------------------------------------------------------------------- */

static const ph_error *get_from_environment(struct password *password, struct problem *problem)
{
    const char *text = getenv(environment_name);
    if (!text)
        return problem_set(problem, PH_ERR_ARGUMENT, PH_PHASE_AUTH, 0,
                           "--user needs a password: give --password-file FILE or "
                           "--password-command COMMAND, or set %s in the environment",
                           environment_name);
    memcpy(password->text, text, strnlen(text, password_max));
    return take_first_line(environment_name, password, problem);
}

static const ph_error *get_from_any(const struct password_options *options,
                                    struct password *password, struct problem *problem)
{
    if (options->file)
        return get_from_file(options->file, password, problem);
    if (options->command)
        return get_from_command(options->command, password, problem);
    return get_from_environment(password, problem);
}

const ph_error *password_get(const struct password_options *options, struct password *password,
                             struct problem *problem)
{
    *password = (struct password){.text = ""};
    const ph_error *error = get_from_any(options, password, problem);
    if (error)
        password_wipe(password);
    return error;
}
