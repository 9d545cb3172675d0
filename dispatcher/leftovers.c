/* leftovers - see leftovers.h. */
#include "leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define READ_STEP 65536
#define HUNTS_MAX 10 /* a process that forks while it is looked for is met the next time */
#define HUNT_PAUSE_US 2000

/* The environment of a process; empty when it is gone or somebody else's. */
static void read_environment(const char *pid, struct buf *out)
{
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/environ", pid);
    buf_clear(out);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (ssize_t n = 1; fd >= 0 && n > 0;) {
        buf_reserve(out, READ_STEP);
        n = read(fd, out->data + out->len, READ_STEP);
        if (n > 0)
            out->len += (size_t)n;
    }
    if (fd >= 0)
        close(fd);
}

/* The execution that an environment names; UUID_NONE when it names none. */
static struct uuid execution_in(const struct buf *environment)
{
    static const char name[] = "FX_EXECUTION_ID=";
    struct uuid id;
    struct span rest = buf_span(environment);
    while (rest.len) {
        const uint8_t *end = memchr(rest.data, 0, rest.len);
        size_t len = end ? (size_t)(end - rest.data) : rest.len;
        if (len > sizeof name && memcmp(rest.data, name, sizeof name - 1) == 0 &&
            uuid_parse(span_of(rest.data + sizeof name - 1, len - (sizeof name - 1)), &id))
            return id;
        size_t taken = len + (end ? 1 : 0);
        rest = span_of(rest.data + taken, rest.len - taken);
    }
    return UUID_NONE;
}

/* One look at all processes. How many there were to kill. */
static size_t hunt(const struct uuid *executions, size_t count, struct buf *environment)
{
    size_t killed = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc && (entry = readdir(proc));) {
        pid_t pid = (pid_t)atol(entry->d_name);
        if (pid <= 0)
            continue;
        read_environment(entry->d_name, environment);
        struct uuid id = execution_in(environment);
        for (size_t i = 0; i < count; i++)
            if (uuid_eq(&id, &executions[i]))
                killed += kill(pid, SIGKILL) == 0;
    }
    if (proc)
        closedir(proc);
    return killed;
}

void leftovers_end(const struct uuid *executions, size_t count)
{
    struct buf environment = BUF_INIT;
    size_t killed = 0, now = 1;
    for (int i = 0; i < HUNTS_MAX && now; i++) {
        now = hunt(executions, count, &environment);
        killed += now;
        if (now)
            usleep(HUNT_PAUSE_US);
    }
    if (killed)
        log_warn("killed %zu processes that steps of an earlier dispatcher had left", killed);
    buf_done(&environment);
}
