/* orphans - see orphans.h. */
#include "orphans.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIST_MAX 16384 /* bytes of process numbers; what does not fit is met the next time */

void orphans_kill(bool (*spare)(pid_t pid, void *context), void *context)
{
    char path[64], list[LIST_MAX];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, list, sizeof list - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return;
    list[n] = 0;
    char *at = list, *end;
    for (long pid; (pid = strtol(at, &end, 10)) > 0 && *end == ' '; at = end)
        if (!spare || !spare((pid_t)pid, context))
            kill((pid_t)pid, SIGKILL);
}

void orphans_end(pid_t group)
{
    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid < 0)
            return;
        if (pid > 0)
            continue;
        if (group)
            kill(-group, SIGKILL);
        orphans_kill(NULL, NULL);
        (void)waitpid(-1, NULL, 0);
    }
}
