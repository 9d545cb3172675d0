/* orphans - see orphans.h. */
#include "proc/orphans.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"

#define LIST_MAX 16384 /* bytes of process numbers; those that do not fit are met next time */

/* Reads which children a process has. Returns how many, `max` at most. */
static size_t list_children(pid_t of, pid_t *ret_pids, size_t max)
{
    char path[64];
    NOT_ZEROED char list[LIST_MAX];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)of, (int)of);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, list, sizeof list - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return 0;
    list[n] = 0;
    char *at = list, *end;
    size_t count = 0;
    for (long pid; count < max && (pid = strtol(at, &end, 10)) > 0 && *end == ' '; at = end)
        ret_pids[count++] = (pid_t)pid;
    return count;
}

size_t orphans_kill(bool (*spare)(pid_t pid, void *context), void *context)
{
    NOT_ZEROED pid_t pids[LIST_MAX / 2];
    size_t killed = 0, found = list_children(getpid(), pids, LIST_MAX / 2);
    for (size_t i = 0; i < found; i++) {
        if (spare && spare(pids[i], context))
            continue;
        kill(pids[i], SIGKILL);
        killed++;
    }
    return killed;
}

size_t orphans_list(const struct spared *spared, pid_t *ret_pids, size_t max)
{
    size_t count = 0, found = list_children(getpid(), ret_pids, max);
    for (size_t i = 0; i < found; i++)
        if (!spared->is(ret_pids[i], spared->context))
            ret_pids[count++] = ret_pids[i];
    for (size_t i = 0; i < count; i++)
        count += list_children(ret_pids[i], ret_pids + count, max - count);
    return count;
}

/* Reaps one child. Returns what waitpid returned. */
static pid_t reap(const struct spared *spared, int options)
{
    int status;
    pid_t pid = waitpid(-1, &status, options);
    if (pid > 0 && spared)
        spared->ended(pid, status, spared->context);
    return pid;
}

bool orphans_reap(const struct spared *spared, size_t *ret_count)
{
    pid_t pid;
    for (*ret_count = 0; (pid = reap(spared, WNOHANG)) > 0;)
        ++*ret_count;
    return pid == 0;
}

void orphans_end(pid_t group, const struct spared *spared)
{
    size_t reaped;
    bool none_found = false;
    /* A look at the list can miss a child while another one ends. So the list has to be empty
     * at a look during which no child has ended. */
    while (orphans_reap(spared, &reaped) && (reaped || !none_found)) {
        if (group)
            kill(-group, SIGKILL);
        none_found = !orphans_kill(spared ? spared->is : NULL, spared ? spared->context : NULL);
        if (!none_found)
            (void)reap(spared, 0);
    }
}
