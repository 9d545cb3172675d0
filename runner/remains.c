/* remains - see remains.h. */
#include "runner/remains.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "runner/link.h"

#define ENDING_MS 50  /* for what has closed the pipes because it is about to end */
#define TOLD_MAX 256  /* processes; those that do not fit are killed without notice */
#define NAME_BYTES 17 /* of a process with a line end and a NUL (TASK_COMM_LEN) */

/* Hearing. */

/* Takes what is there. False when all pipes are at their end. */
static bool read_once(const struct remains *r)
{
    bool open = false;
    for (size_t i = 0; i < REMAINS_PIPES; i++) {
        if (!r->pipes[i].fd)
            continue;
        pipe_drain(r->pipes[i].fd, r->pipes[i].sink, r->context);
        open |= *r->pipes[i].fd >= 0;
    }
    return open;
}

static int fd_of(const struct remains_pipe *pipe)
{
    return pipe->fd ? *pipe->fd : -1;
}

void remains_hear(const struct remains *r, int64_t until_ms)
{
    bool over = false;
    while (read_once(r) && !over) {
        struct pollfd fds[] = {
            {.fd = r->is_over ? LINK_FD : -1, .events = POLLIN},
            {.fd = fd_of(&r->pipes[0]), .events = POLLIN},
            {.fd = fd_of(&r->pipes[1]), .events = POLLIN},
            {.fd = fd_of(&r->pipes[2]), .events = POLLIN},
        };
        int64_t left = until_ms - clock_mono_ms();
        over = left <= 0 || (poll(fds, 1 + REMAINS_PIPES, (int)left) > 0 && fds[0].revents &&
                                r->is_over && r->is_over(r->context));
    }
}

/* Giving notice. */

/* A process that is told to end. */
struct told {
    pid_t pid;
    int pidfd;
    char name[NAME_BYTES];
};

static void read_name(struct told *told)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/comm", (int)told->pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, told->name, sizeof told->name - 1);
    if (fd >= 0)
        close(fd);
    told->name[n > 1 ? n - 1 : 0] = 0; /* it ends in a line end */
    for (char *c = told->name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
}

/* Lists those there are. */
static size_t find_all(const struct spared *spared, struct told *told)
{
    NOT_ZEROED pid_t pids[TOLD_MAX];
    size_t count = orphans_list(spared, pids, TOLD_MAX);
    for (size_t i = 0; i < count; i++)
        told[i] = (struct told){pids[i], (int)syscall(SYS_pidfd_open, pids[i], 0), ""};
    return count;
}

/* Waits for the end of all. Leaves those that have not ended, and returns how many those are. */
static size_t wait_for_all(struct told *told, size_t count, int64_t wait_ms)
{
    int64_t until_ms = clock_mono_ms() + wait_ms;
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        struct pollfd fd = {.fd = told[i].pidfd, .events = POLLIN};
        int64_t ms = until_ms - clock_mono_ms();
        if (fd.fd >= 0 && poll(&fd, 1, ms > 0 ? (int)ms : 0) == 0)
            told[left++] = told[i];
        else if (fd.fd >= 0)
            close(fd.fd);
    }
    return left;
}

/* Is it the first of its name? */
static bool is_first(const struct told *told, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(told[k].name, told[i].name) == 0)
            return false;
    return true;
}

static void add_names(const struct told *told, size_t count, struct buf *names)
{
    for (size_t i = 0; i < count; i++) {
        size_t same = 0;
        if (!is_first(told, i))
            continue;
        for (size_t k = i; k < count; k++)
            same += strcmp(told[k].name, told[i].name) == 0;
        buf_printf(names, "%s%s", names->len ? ", " : "", told[i].name);
        if (same > 1)
            buf_printf(names, " (%zu)", same);
    }
}

void remains_give_notice(const struct spared *spared, struct buf *names)
{
    NOT_ZEROED struct told told[TOLD_MAX];
    size_t count = wait_for_all(told, find_all(spared, told), ENDING_MS);
    for (size_t i = 0; i < count; i++) {
        read_name(&told[i]);
        kill(told[i].pid, SIGTERM);
        kill(told[i].pid, SIGCONT); /* one that is stopped would not notice */
    }
    add_names(told, count, names);
    count = wait_for_all(told, count, REMAINS_NOTICE_MS);
    for (size_t i = 0; i < count; i++)
        close(told[i].pidfd);
}
