/* trust - see trust.h. */
#include "home/trust.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

/* What is looked at, in the home besides the directory itself. */
static const struct {
    const char *name;
    mode_t others; /* bits that would let others write */
} parts[] = {
    {"fx.conf", S_IWOTH | S_IWGRP},
    {"secret.key", S_IWOTH | S_IWGRP},
    {"scripts", S_IWOTH | S_IWGRP},
    {"db", S_IWOTH},
    {"run", S_IWOTH},
    {"log", S_IWOTH},
    {"uploads", S_IWOTH},
};

static bool is_of_group(gid_t group)
{
    int count = getgroups(0, NULL);
    gid_t *groups = count > 0 ? mem_alloc((size_t)count * sizeof *groups) : NULL;
    bool found = group == getegid();
    count = groups ? getgroups(count, groups) : 0;
    for (int i = 0; i < count && !found; i++)
        found = groups[i] == group;
    free(groups);
    return found;
}

/* Root has every group, and is given nothing by one. */
static bool owner_is_good(const struct stat *home)
{
    uid_t self = geteuid();
    return home->st_uid == self || home->st_uid == 0 || (self != 0 && is_of_group(home->st_gid));
}

static bool part_owner_is_good(const struct stat *st, const struct stat *home)
{
    return st->st_uid == geteuid() || st->st_uid == 0 || st->st_uid == home->st_uid;
}

/* Says what is wrong with a part of the home, and the command that mends it. */
static void explain(const char *path, const struct stat *st, bool owned, mode_t others)
{
    if (S_ISLNK(st->st_mode))
        log_error("%s is a symbolic link; put what it leads to in its place: rm %s", path, path);
    else if (!owned)
        log_error("%s belongs to another account (%u); run this program as that one, or take it: "
                  "chown %u %s",
            path, (unsigned)st->st_uid, (unsigned)geteuid(), path);
    else
        log_error("%s can be written by %s; see that nothing in it was changed, and mend it: "
                  "chmod %s %s",
            path, st->st_mode & S_IWOTH ? "everybody" : "its group",
            others & S_IWGRP ? "go-w" : "o-w", path);
}

static bool part_is_good(
    const char *path, const struct stat *st, const struct stat *home, mode_t others)
{
    bool owned = st == home ? owner_is_good(st) : part_owner_is_good(st, home);
    bool good = owned && !S_ISLNK(st->st_mode) && !(st->st_mode & others);
    if (!good)
        explain(path, st, owned, others);
    return good;
}

enum err trust_home(const char *dir)
{
    char path[PATH_MAX];
    struct stat home, st;
    bool good = stat(dir, &home) == 0 && part_is_good(dir, &home, &home, S_IWOTH);
    for (size_t i = 0; good && i < sizeof parts / sizeof parts[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, parts[i].name);
        good = lstat(path, &st) < 0 || part_is_good(path, &st, &home, parts[i].others);
    }
    return good ? ERR_OK : ERR_DENIED;
}

enum err trust_script(const char *dir, const char *path)
{
    char scripts[PATH_MAX];
    struct stat home, st;
    snprintf(scripts, sizeof scripts, "%s/scripts", dir);
    if (stat(dir, &home) < 0 || lstat(scripts, &st) < 0)
        return ERR_OK; /* starting it says what is missing */
    bool good = part_is_good(scripts, &st, &home, S_IWOTH | S_IWGRP) &&
                (stat(path, &st) < 0 || part_is_good(path, &st, &home, S_IWOTH | S_IWGRP));
    return good ? ERR_OK : ERR_DENIED;
}
