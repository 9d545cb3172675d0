/* account - see account.h. */
#include "home/account.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "base/shell.h"

#define CAPS(cap) (1u << (cap))

/* To become another account, to end its processes, and to give and clear its work directory. */
static const uint32_t needed = CAPS(CAP_SETUID) | CAPS(CAP_SETGID) | CAPS(CAP_KILL) |
                               CAPS(CAP_CHOWN) | CAPS(CAP_FOWNER) | CAPS(CAP_DAC_OVERRIDE);

static bool can_become(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & needed) == needed;
}

static bool is_of_group(const struct account *account, gid_t group)
{
    for (int i = 0; i < account->group_count; i++)
        if (account->groups[i] == group)
            return true;
    return account->gid == group;
}

/* May the account go through this directory? Lists of access (acl(5)) can allow it besides. */
static bool can_pass(const struct account *account, const char *path, struct stat *ret_st)
{
    if (stat(path, ret_st) < 0)
        return true; /* what is missing is told by whoever needs it */
    if (ret_st->st_uid == account->uid)
        return ret_st->st_mode & S_IXUSR;
    if (is_of_group(account, ret_st->st_gid))
        return ret_st->st_mode & S_IXGRP;
    return ret_st->st_mode & S_IXOTH;
}

/* Names in fx.conf, and that of the home, are whatever somebody has chosen. */
static void add_command(struct buf *out, const char *command, const char *word)
{
    buf_printf(out, "%s ", command);
    shell_add_word(span_str(word), out);
}

static bool check_pass(const struct home *home, const struct account *account, const char *path,
    struct buf *why, struct buf *mend)
{
    struct stat st;
    if (can_pass(account, path, &st))
        return true;
    const struct group *group = getgrgid(st.st_gid);
    const char *user = home->config.step_user;
    buf_printf(why, "the account \"%s\" cannot go through %s", user, path);
    if (group && st.st_mode & S_IXGRP && st.st_gid != 0)
        buf_printf(mend, "usermod -aG %s %s", group->gr_name, user);
    else
        add_command(mend, "chmod o+x", path);
    return false;
}

/* The home, the directories above it, and those in it that a script has to do with. */
static bool check_ways(
    const struct home *home, const struct account *account, struct buf *why, struct buf *mend)
{
    static const char *const inner[] = {"scripts", "run"};
    char path[PATH_MAX];
    for (size_t i = 1; home->dir[i]; i++) {
        if (home->dir[i] != '/')
            continue;
        memcpy(path, home->dir, i);
        path[i] = 0;
        if (!check_pass(home, account, path, why, mend))
            return false;
    }
    if (!check_pass(home, account, home->dir, why, mend))
        return false;
    for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++) {
        home_path(home, inner[i], path);
        if (!check_pass(home, account, path, why, mend))
            return false;
    }
    return true;
}

bool account_judge(
    const struct home *home, struct account *ret_account, struct buf *why, struct buf *mend)
{
    const char *user = home->config.step_user;
    const struct passwd *found = *user ? getpwnam(user) : NULL;
    *ret_account = (struct account){.uid = geteuid(), .gid = getegid()};
    if (!*user || (found && found->pw_uid == geteuid()))
        return true;
    if (!found) {
        buf_printf(why, "there is no account \"%s\"", user);
        add_command(mend, "useradd --system", user);
        return false;
    }
    *ret_account = (struct account){true, found->pw_uid, found->pw_gid, ACCOUNT_GROUPS_MAX, {0}};
    if (getgrouplist(user, found->pw_gid, ret_account->groups, &ret_account->group_count) < 0) {
        buf_printf(why, "the account \"%s\" is of more than %d groups", user, ACCOUNT_GROUPS_MAX);
        return false;
    }
    return check_ways(home, ret_account, why, mend);
}

bool account_find(const struct home *home, struct account *ret_account, struct buf *why)
{
    struct buf mend = BUF_INIT;
    bool good = account_judge(home, ret_account, why, &mend);
    if (ret_account->is_other && !can_become()) {
        good = false;
        buf_clear(why);
        buf_printf(why,
            "this process cannot become \"%s\": fx-dispatcher has to run as root, or with the "
            "capabilities SETUID, SETGID, KILL, CHOWN, FOWNER and DAC_OVERRIDE",
            home->config.step_user);
    } else if (mend.len) {
        buf_printf(why, ": %s", buf_text(&mend));
    }
    buf_done(&mend);
    return good;
}

/* Not the functions of the C library, which see to all threads of the process: it is the runner's
 * memory that they would look at. */
bool account_enter(const struct account *account)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_setgroups, (size_t)account->group_count, account->groups) == 0 &&
           syscall(SYS_setresgid, account->gid, account->gid, account->gid) == 0 &&
           syscall(SYS_setresuid, account->uid, account->uid, account->uid) == 0 &&
           syscall(SYS_capset, &header, none) == 0;
}
