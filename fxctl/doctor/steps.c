/* steps - see checks.h. Can scripts be started as fx.conf wants it? */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fxctl/doctor/checks.h"
#include "home/confine.h"

static void judge_confinement(struct visit *visit)
{
    char path[PATH_MAX];
    struct buf missing = BUF_INIT;
    home_path(&visit->home, "fx.conf", path);
    confine_missing(&missing);
    bool off = strcmp(visit->home.config.step_confine, "off") == 0;
    bool required = confine_is_required(&visit->home);
    if (missing.len && required)
        mend_setting(visit,
            visit_find(visit, WRONG, path,
                "%s requires scripts to be confined, so that every step fails: %s", path,
                buf_text(&missing)),
            "step", "confine", "auto");
    else if (missing.len && !off)
        visit_find(
            visit, NOTED, path, "%s: scripts are confined in part: %s", path, buf_text(&missing));
    buf_done(&missing);
}

/* Is it meant to be started? Scripts may bring files that are not. */
static bool is_program(const char *path)
{
    char head[2] = "";
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(head, 1, sizeof head, file) : 0;
    if (file)
        fclose(file);
    return n == 2 && memcmp(head, "#!", 2) == 0;
}

/* A script that cannot be started. A name with a dot before it is none. */
static void judge_script(struct visit *visit, const char *name)
{
    char inner[NAME_MAX + 16], path[PATH_MAX];
    struct stat st;
    snprintf(inner, sizeof inner, "scripts/%s", name);
    home_path(&visit->home, inner, path);
    if (*name == '.' || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return;
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        mend_with(
            visit_find(visit, WRONG, path,
                "%s can be written by others, and is not started; see that it was not changed",
                path),
            "chmod go-w", path, NULL);
    else if (!(st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) && is_program(path))
        mend_with(visit_find(visit, WRONG, path,
                      "%s is not executable, so that a step fails that names it", path),
            "chmod +x", path, NULL);
    else if (is_program(path) && access(path, X_OK) < 0 && !*visit->home.config.step_user)
        mend_owner(visit,
            visit_find(
                visit, WRONG, path, "the account %s cannot start %s", visit->account.name, path),
            path);
}

void steps_look(struct visit *visit)
{
    char scripts[PATH_MAX];
    home_path(&visit->home, "scripts", scripts);
    /* Where a link leads to is no part of the home; owners_look tells of it. */
    int fd = open(scripts, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    judge_confinement(visit);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        judge_script(visit, entry->d_name);
    if (dir)
        closedir(dir);
}
