/* place - see checks.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/shell.h"
#include "fxctl/doctor/checks.h"

#define SOCKET_PATH sizeof((struct sockaddr_un *)NULL)->sun_path

static void find_none(struct visit *visit, bool is_file)
{
    const char *dir = visit->named;
    struct finding *f = visit_find(
        visit, WRONG, dir, is_file ? "%s is no directory" : "there is no home at %s", dir);
    struct buf aside = BUF_INIT;
    buf_printf(&aside, "%s.aside", dir);
    if (is_file)
        mend_with(f, "mv", dir, buf_text(&aside), NULL);
    mend_with_fxctl(visit, f, "init");
    buf_done(&aside);
}

/* The socket with the longest name that the shipped configurations make in run/. */
#define LONGEST_SOCKET "/run/pipelines.sock-0"

/* A directory above that leaves room for the home's last name, or a short one. */
static bool find_shorter(const char *dir, char ret_link[PATH_MAX])
{
    char above[PATH_MAX];
    snprintf(above, sizeof above, "%s", dir);
    for (char *slash; (slash = strrchr(above, '/'));) {
        slash[slash == above] = 0;
        if (strlen(above) + strlen("/fx" LONGEST_SOCKET) < SOCKET_PATH &&
            access(above, W_OK) == 0 &&
            snprintf(ret_link, PATH_MAX, "%s/fx", slash == above ? "" : above) > 0 &&
            access(ret_link, F_OK) < 0)
            return true;
        if (slash == above)
            return false;
    }
    return false;
}

/* Sockets are named by the path that the web server was given, so a link will do. */
static void judge_length(struct visit *visit)
{
    char link[PATH_MAX];
    if (strlen(visit->named) + strlen(LONGEST_SOCKET) < SOCKET_PATH)
        return;
    struct finding *f = visit_find(visit, WRONG, visit->named,
        "%s has %zu bytes, and sockets in its run/ more than the %zu that a socket's path may "
        "have; "
        "name the home by a short link to it, also in FX_HOME of the web server",
        visit->named, strlen(visit->named), SOCKET_PATH - 1);
    if (!find_shorter(visit->named, link))
        return;
    mend_with(f, "ln -s", visit->home.dir, link, NULL);
    mend_with(f, "fxctl --home", link, "doctor", NULL);
}

/*
 * Programs that are started with nothing but their place, as by suexec or cron, may find another
 * home than the environment names.
 */
static void judge_other(struct visit *visit)
{
    char dir[PATH_MAX], real[PATH_MAX], file[PATH_MAX];
    const char *told = getenv("FX_HOME");
    if (visit->ctl->home_given || !told || !*told || !home_untold(dir, file) || !*file ||
        !realpath(dir, real) || strcmp(real, visit->home.dir) == 0)
        return;
    struct finding *f = visit_find(visit, WRONG, file,
        "FX_HOME is %s, but %s names %s: programs that are started without FX_HOME, as by cron or "
        "suexec, use that one; let both name the same, or stop using one",
        visit->home.dir, file, real);
    mend_with(f, "echo", visit->home.dir, NULL);
    buf_printf(&f->mend, " | %stee ", access(file, W_OK) == 0 ? "" : "sudo ");
    shell_add_word(span_str(file), &f->mend);
}

void place_look(struct visit *visit)
{
    static char named[PATH_MAX];
    struct stat st;
    memcpy(named, visit->home.dir, sizeof named);
    visit->named = named;
    bool is_something = stat(named, &st) == 0;
    visit->is_there = is_something && S_ISDIR(st.st_mode) && realpath(named, visit->home.dir);
    if (!visit->is_there) {
        find_none(visit, is_something);
        return;
    }
    judge_length(visit);
    judge_other(visit);
}
