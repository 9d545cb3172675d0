/* leftovers - see checks.h. What a power cut or a kill has left, and nobody takes away. */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "fxctl/doctor/checks.h"

#define OLD_SECONDS 3600 /* what is being written is younger */

/* Names of what is left, in a directory of the home. */
static const struct kind {
    const char *directory, *pattern;
    bool is_socket; /* else it is told when it is old */
    const char *what;
} kinds[] = {
    {"run", "*.sock*", true, "is a socket on which nobody listens"},
    {"", "*.new", false, "was being made when somebody was stopped"},
    {"db", "*.new", false, "was being made when somebody was stopped"},
    {"uploads", "lighttpd-upload-*", false, "is a body that a web server was receiving"},
};

/* A name that is too long for a socket's address is no socket that anybody could listen on. */
static bool is_dead(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (snprintf(address.sun_path, sizeof address.sun_path, "%s", path) >=
        (int)sizeof address.sun_path)
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool dead = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) < 0 &&
                errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return dead;
}

static bool is_left(const struct kind *kind, const char *path, const struct stat *st)
{
    if (kind->is_socket)
        return S_ISSOCK(st->st_mode) && is_dead(path);
    return time(NULL) - st->st_mtim.tv_sec > OLD_SECONDS;
}

static void judge(struct visit *visit, const struct kind *kind, const char *path)
{
    struct stat st;
    if (lstat(path, &st) < 0 || !is_left(kind, path, &st))
        return;
    mend_with(visit_find(visit, WRONG, path, "%s %s; nobody uses it any more", path, kind->what),
        S_ISDIR(st.st_mode) ? "rm -r" : "rm", path, NULL);
}

static void look_for(struct visit *visit, const struct kind *kind)
{
    char directory[PATH_MAX], path[PATH_MAX];
    home_path(&visit->home, kind->directory, directory);
    DIR *dir = opendir(directory);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        int n = snprintf(
            path, sizeof path, "%s%s%s", directory, *kind->directory ? "/" : "", entry->d_name);
        if (n < (int)sizeof path && fnmatch(kind->pattern, entry->d_name, 0) == 0)
            judge(visit, kind, path);
    }
    if (dir)
        closedir(dir);
}

void leftovers_look(struct visit *visit)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        look_for(visit, &kinds[i]);
}
