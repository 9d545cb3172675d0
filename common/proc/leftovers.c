/* leftovers - see leftovers.h. */
#include "proc/leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lineage.h"
#include "base/log.h"

#define READ_STEP 65536
#define HUNTS_MAX 10 /* looks; a process that forks during one is met by the next */
#define HUNT_PAUSE_US 2000

struct hunt {
    const struct home *home;
    const struct uuid *executions;
    size_t count;
    struct buf words; /* the environment of the process at hand, or its arguments */
};

static char mark[sizeof LEFTOVERS_MARK + PATH_MAX + 32]; /* of this process */

void leftovers_mark(const struct home *home)
{
    snprintf(mark, sizeof mark, LEFTOVERS_MARK "=%d:%s", (int)getpid(), home->dir);
    if (putenv(mark) < 0)
        log_die(EXIT_RETRY, "cannot set " LEFTOVERS_MARK);
}

char *leftovers_argument(void)
{
    return mark;
}

/* Reads a file of a process in /proc; empty when the process is gone or somebody else's. */
static void read_proc(pid_t pid, const char *name, struct buf *out)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    buf_clear(out);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (ssize_t n = 1; fd >= 0 && n > 0;) {
        buf_reserve(out, READ_STEP);
        n = read(fd, out->data + out->len, READ_STEP);
        if (n > 0)
            out->len += (size_t)n;
    }
    buf_add(out, "", 0); /* ends it with a NUL */
    if (fd >= 0)
        close(fd);
}

/* The value of a variable among these words; empty where it is not set. */
static struct span value_of(const struct buf *words, const char *name)
{
    size_t name_len = strlen(name);
    struct span rest = buf_span(words);
    while (rest.len) {
        const uint8_t *end = memchr(rest.data, 0, rest.len);
        size_t len = end ? (size_t)(end - rest.data) : rest.len;
        if (len > name_len && memcmp(rest.data, name, name_len) == 0 && rest.data[name_len] == '=')
            return span_of(rest.data + name_len + 1, len - name_len - 1);
        size_t taken = len + (end ? 1 : 0);
        rest = span_of(rest.data + taken, rest.len - taken);
    }
    return SPAN_NONE;
}

static bool is_of_execution(const struct hunt *h)
{
    struct uuid id;
    if (!uuid_parse(value_of(&h->words, "FX_EXECUTION_ID"), &id))
        return false;
    for (size_t i = 0; i < h->count; i++)
        if (uuid_eq(&id, &h->executions[i]))
            return true;
    return false;
}

/*
 * Has the process this home's mark, made by a dispatcher or a runner that is gone? While one
 * lives, all that it has started is below it (orphans.h).
 */
static bool is_of_the_dead(const struct hunt *h, pid_t pid)
{
    struct span found = value_of(&h->words, LEFTOVERS_MARK);
    const uint8_t *colon = found.len ? memchr(found.data, ':', found.len) : NULL;
    if (!colon)
        return false;
    size_t at = (size_t)(colon + 1 - found.data);
    return span_eq_str(span_of(found.data + at, found.len - at), h->home->dir) &&
           !lineage_is_below(pid, (pid_t)atol((const char *)found.data));
}

/* Looks once at all processes. Returns how many were killed. */
static size_t look(struct hunt *h)
{
    size_t killed = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc && (entry = readdir(proc));) {
        pid_t pid = (pid_t)atol(entry->d_name);
        if (pid <= 0 || pid == getpid()) /* a step may have started this dispatcher */
            continue;
        read_proc(pid, "environ", &h->words);
        if (!h->words.len)
            read_proc(pid, "cmdline", &h->words);
        if (is_of_execution(h) || is_of_the_dead(h, pid))
            killed += kill(pid, SIGKILL) == 0;
    }
    if (proc)
        closedir(proc);
    return killed;
}

void leftovers_end(const struct home *home, const struct uuid *executions, size_t count)
{
    struct hunt hunt = {home, executions, count, BUF_INIT};
    size_t killed = 0, now = 1;
    for (int i = 0; i < HUNTS_MAX && now; i++) {
        now = look(&hunt);
        killed += now;
        if (now)
            usleep(HUNT_PAUSE_US);
    }
    if (killed)
        log_warn("killed what steps of an earlier dispatcher had left, processes: %zu", killed);
    buf_done(&hunt.words);
}
