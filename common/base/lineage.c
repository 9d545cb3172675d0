/* lineage - see lineage.h. */
#include "base/lineage.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STAT_BYTES 256 /* number, name and parent stand at its beginning */

struct process {
    char name[STAT_BYTES];
    int parent;
};

/* False when the process is gone or cannot be seen. */
static bool look(pid_t pid, struct process *ret)
{
    char path[64], text[STAT_BYTES];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return false;
    text[n] = 0;
    /* The name, in brackets, may hold anything, brackets too. */
    char *begin = strchr(text, '('), *end = strrchr(text, ')');
    if (!begin || !end || sscanf(end + 1, " %*c %d", &ret->parent) != 1)
        return false;
    *end = 0;
    snprintf(ret->name, sizeof ret->name, "%s", begin + 1);
    return true;
}

pid_t lineage_parent(pid_t pid)
{
    struct process process;
    return look(pid, &process) ? process.parent : 0;
}

bool lineage_is_below(pid_t pid, pid_t ancestor)
{
    while (pid > 1 && pid != ancestor)
        pid = lineage_parent(pid);
    return pid == ancestor;
}

bool lineage_has(pid_t pid, const char *name)
{
    struct process process;
    while (pid > 1 && look(pid, &process)) {
        if (strcmp(process.name, name) == 0)
            return true;
        pid = process.parent;
    }
    return false;
}
