/* owners - see checks.h. Owners, groups, modes and links of what is in the home. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fxctl/doctor/checks.h"
#include "home/layout.h"
#include "home/trust.h"

/* A part that is looked at, in a home of this mode and group. */
struct look {
    struct visit *visit;
    const struct layout_part *part;
    char path[PATH_MAX];
    struct stat st, home;
    gid_t readers, steps; /* the groups of db/ and scripts/ */
};

static void find_distrust(const struct fault *fault, void *context)
{
    struct visit *visit = context;
    struct finding *f = visit_find(visit, WRONG, fault->path, "%s %s; %s", fault->path,
        buf_text(&fault->what), buf_text(&fault->hint));
    (fault->needs_root ? mend_as_root(visit, f, buf_text(&fault->mend), NULL)
                       : mend_with(f, buf_text(&fault->mend), NULL));
}

/* secrets_look and database_look tell of a key and of a database that are missing. */
static void find_missing(struct look *look)
{
    if (look->part->is_made && look->part->is_directory)
        mend_with_fxctl(look->visit,
            visit_find(look->visit, WRONG, look->path, "%s is missing", look->path), "init");
}

static void find_other_kind(struct look *look)
{
    char aside[PATH_MAX + 8];
    struct finding *f = visit_find(look->visit, WRONG, look->path, "%s is no %s", look->path,
        look->part->is_directory ? "directory" : "file");
    snprintf(aside, sizeof aside, "%s.aside", look->path);
    mend_with(f, "mv", look->path, aside, NULL);
    mend_with_fxctl(look->visit, f, "init");
}

/* Can the account do with it what the programs have to do? */
static bool is_usable(struct look *look)
{
    static const struct {
        unsigned need;
        const char *word, *mode;
    } needs[] = {{R_OK, "read", "u+r"}, {W_OK, "write", "u+w"}, {X_OK, "enter", "u+x"}};
    const char *account = look->visit->account.name;
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        if (!(look->part->need & needs[i].need) || access(look->path, (int)needs[i].need) == 0 ||
            errno == EROFS)
            continue;
        struct finding *f = visit_find(look->visit, WRONG, look->path,
            "the account %s cannot %s %s", account, needs[i].word, look->path);
        if (look->st.st_uid == look->visit->uid)
            mend_with(f, "chmod", needs[i].mode, look->path, NULL);
        else
            mend_owner(look->visit, f, look->path);
        return false;
    }
    return true;
}

/* Nobody else's are what lets in: the key's bits, and of the database those of the way to it. */
static void judge_secrecy(struct look *look)
{
    bool secret =
        strcmp(look->part->name, "secret.key") == 0 || strcmp(look->part->name, "db") == 0;
    if (!secret || !(look->st.st_mode & S_IRWXO))
        return;
    struct finding *f = visit_find(
        look->visit, WRONG, look->path, "everybody can read %s, which has secrets", look->path);
    mend_with(f, "chmod o=", look->path, NULL);
}

/* The name of a group; its number where it has none. */
static const char *group_name(gid_t group, char ret_name[32])
{
    const struct group *found = getgrgid(group);
    snprintf(ret_name, 32, found ? "%s" : "%.0s%u", found ? found->gr_name : "", (unsigned)group);
    return ret_name;
}

/* "g+rws" */
static const char *mode_word(mode_t bits, char ret_word[8])
{
    snprintf(ret_word, 8, "g+%s%s%s%s", bits & S_IRGRP ? "r" : "", bits & S_IWGRP ? "w" : "",
        bits & S_IXGRP ? "x" : "", bits & S_ISGID ? "s" : "");
    return ret_word;
}

/* In a home that a group shares, everything is the group's. */
static void judge_shared(struct look *look)
{
    char group[32], word[8];
    mode_t lacks = look->part->shared & (S_IRWXG | S_ISGID) & ~look->st.st_mode;
    group_name(look->home.st_gid, group);
    if (look->st.st_gid != look->home.st_gid)
        mend_as_root(look->visit,
            visit_find(look->visit, WRONG, look->path, "%s is not of the group %s, as the home is",
                look->path, group),
            "chgrp -h", group, look->path, NULL);
    else if (lacks)
        mend_with(visit_find(look->visit, WRONG, look->path,
                      "%s is not open to the group %s, which shares the home", look->path, group),
            "chmod", mode_word(lacks, word), look->path, NULL);
}

/* A split home is as `fxctl init --split` makes it, for the groups that db/ and scripts/ have. */
static void judge_split(struct look *look)
{
    char group[32];
    struct buf command = BUF_INIT;
    gid_t wanted = look->part->group == LAYOUT_READERS ? look->readers
                   : look->part->group == LAYOUT_STEPS ? look->steps
                                                       : look->home.st_gid;
    mode_t mode = look->st.st_mode & 07777;
    if (look->st.st_gid == wanted && mode == look->part->split)
        return;
    struct finding *f = visit_find(look->visit, WRONG, look->path,
        "%s has mode %o and group %u; in a split home mode %o and group %u", look->path,
        (unsigned)mode, (unsigned)look->st.st_gid, (unsigned)look->part->split, (unsigned)wanted);
    buf_printf(&command, "init --split --readers %s", group_name(look->readers, group));
    if (look->steps != look->home.st_gid)
        buf_printf(&command, " --steps %s", group_name(look->steps, group));
    mend_with_fxctl(look->visit, f, buf_text(&command));
    buf_done(&command);
}

/* The group of a part; the home's where the part is missing. */
static gid_t group_of(const struct look *look, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    home_path(&look->visit->home, name, path);
    return lstat(path, &st) == 0 ? st.st_gid : look->home.st_gid;
}

static void judge(struct look *look)
{
    bool is_directory = S_ISDIR(look->st.st_mode);
    if (S_ISLNK(look->st.st_mode))
        return; /* find_distrust has told */
    if (is_directory != look->part->is_directory) {
        find_other_kind(look);
        return;
    }
    if (!is_usable(look))
        return;
    judge_secrecy(look);
    if (look->readers != look->home.st_gid)
        judge_split(look);
    else if (look->home.st_gid != look->visit->gid && *look->part->name)
        judge_shared(look);
}

static void judge_parts(struct look *look)
{
    look->readers = group_of(look, "db");
    look->steps = group_of(look, "scripts");
    for (size_t i = 0; i < layout_count; i++) {
        look->part = &layout_parts[i];
        layout_path(look->visit->home.dir, look->part, look->path);
        if (lstat(look->path, &look->st) == 0)
            judge(look);
        else if (errno == ENOENT)
            find_missing(look);
    }
}

void owners_look(struct visit *visit)
{
    struct look look = {.visit = visit};
    size_t before = visit->count;
    trust_look(visit->home.dir, find_distrust, visit);
    /* What others can write is to be mended before all else. */
    if (visit->count == before && stat(visit->home.dir, &look.home) == 0)
        judge_parts(&look);
}
