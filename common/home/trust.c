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
#include "base/shell.h"

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

/* Does the account share its home, or its database, with a group of this process? */
static bool is_shared(const char *dir, const struct stat *home)
{
    char path[PATH_MAX];
    struct stat db;
    if (is_of_group(home->st_gid))
        return true;
    snprintf(path, sizeof path, "%s/db", dir);
    return lstat(path, &db) == 0 && db.st_uid == home->st_uid && is_of_group(db.st_gid);
}

/* Root has every group, and is given nothing by one. */
static bool owner_is_good(const char *dir, const struct stat *home)
{
    uid_t self = geteuid();
    return home->st_uid == self || home->st_uid == 0 || (self != 0 && is_shared(dir, home));
}

static bool part_owner_is_good(const struct stat *st, const struct stat *home)
{
    return st->st_uid == geteuid() || st->st_uid == 0 || st->st_uid == home->st_uid;
}

static void add_command(struct fault *fault, const char *command, const char *path)
{
    buf_printf(&fault->mend, "%s ", command);
    shell_add_word(span_str(path), &fault->mend);
}

static void describe_link(struct fault *fault)
{
    char real[PATH_MAX];
    buf_add_str(&fault->what, "is a symbolic link");
    buf_add_str(&fault->hint, "put what it leads to in its place");
    add_command(fault, "rm", fault->path);
    if (!realpath(fault->path, real))
        return;
    add_command(fault, " && mv", real);
    add_command(fault, "", fault->path);
}

static void describe_owner(struct fault *fault, const struct stat *st)
{
    char command[32];
    snprintf(command, sizeof command, "chown -h %u", (unsigned)geteuid());
    buf_printf(&fault->what, "belongs to another account (%u)", (unsigned)st->st_uid);
    buf_add_str(&fault->hint, "run this program as that one, or take it");
    add_command(fault, command, fault->path);
    fault->needs_root = true;
}

static void describe_writers(struct fault *fault, const struct stat *st, mode_t others)
{
    buf_printf(
        &fault->what, "can be written by %s", st->st_mode & S_IWOTH ? "everybody" : "its group");
    buf_add_str(&fault->hint, "see that nothing in it was changed, and mend it");
    add_command(fault, others & S_IWGRP ? "chmod go-w" : "chmod o-w", fault->path);
}

/* A part of a home that is looked at; `home` is the directory itself. */
struct part {
    const char *path;
    struct stat st;
    bool owned;    /* by one that may own it */
    mode_t others; /* bits that would let others write */
};

static bool is_good(const struct part *part)
{
    return part->owned && !S_ISLNK(part->st.st_mode) && !(part->st.st_mode & part->others);
}

static void tell(const struct part *part, fault_told *told, void *context)
{
    struct fault fault = {.path = part->path};
    if (is_good(part))
        return;
    if (S_ISLNK(part->st.st_mode))
        describe_link(&fault);
    else if (!part->owned)
        describe_owner(&fault, &part->st);
    else
        describe_writers(&fault, &part->st, part->others);
    told(&fault, context);
    buf_done(&fault.what);
    buf_done(&fault.hint);
    buf_done(&fault.mend);
}

void trust_look(const char *dir, fault_told *told, void *context)
{
    char path[PATH_MAX];
    struct part home = {.path = dir, .others = S_IWOTH}, part = {.path = path};
    if (stat(dir, &home.st) < 0)
        return;
    home.owned = owner_is_good(dir, &home.st);
    tell(&home, told, context);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, parts[i].name);
        if (lstat(path, &part.st) < 0)
            continue;
        part.owned = part_owner_is_good(&part.st, &home.st);
        part.others = parts[i].others;
        tell(&part, told, context);
    }
}

static void log_first(const struct fault *fault, void *context)
{
    enum err *err = context;
    if (!*err)
        log_error("%s %s; %s: %s", fault->path, buf_text(&fault->what), buf_text(&fault->hint),
            buf_text(&fault->mend));
    *err = ERR_DENIED;
}

enum err trust_home(const char *dir)
{
    enum err err = ERR_OK;
    trust_look(dir, log_first, &err);
    return err;
}

enum err trust_script(const char *dir, const char *path)
{
    char scripts[PATH_MAX];
    struct stat home;
    enum err err = ERR_OK;
    struct part folder = {.path = scripts, .others = S_IWOTH | S_IWGRP};
    struct part script = {.path = path, .others = S_IWOTH | S_IWGRP};
    snprintf(scripts, sizeof scripts, "%s/scripts", dir);
    if (stat(dir, &home) < 0 || lstat(scripts, &folder.st) < 0)
        return ERR_OK; /* starting it says what is missing */
    folder.owned = part_owner_is_good(&folder.st, &home);
    tell(&folder, log_first, &err);
    if (stat(path, &script.st) < 0)
        return err;
    script.owned = part_owner_is_good(&script.st, &home);
    tell(&script, log_first, &err);
    return err;
}
