/* room - see room.h. */
#include "runner/room.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "home/confine.h"
#include "runner/clear.h"
#include "runner/measure.h"

#define RULES_MS 1000 /* rules are made no more often, whatever happens outside the home */
#define LOOK_MS 1000
#define LOOK_SHARE 20 /* looking takes a twentieth of the time at most */
#define LOCK_TRIES 100
#define TIDY_ENTRIES 20000  /* removed after one execution; the rest after the next ones */
#define SWEEP_ENTRIES 20000 /* removed of what others have left, before the first script */

/* The runner's directory, made with its first script. */
static struct {
    char dir[PATH_MAX];
    int lock; /* held while the runner lives; -1: there is no directory */
    bool tried;
    unsigned long made; /* rooms, each of which has a number */
    bool has_trash;
} mine = {.lock = -1};

static const struct account *guest; /* NULL: scripts run under this process's account */

static struct room execution = {.fd = -1, .rules = -1, .desk = DESK_NONE};

/* What others have left. */

/* Its runner holds a lock on a directory while it lives. */
static int lock_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static void remove_dir(const char *path, size_t *budget)
{
    if (clear_directory(path, budget, NULL) && rmdir(path) < 0)
        log_errno("cannot remove %s", path);
}

static void sweep(const char *work)
{
    char path[PATH_MAX];
    size_t budget = SWEEP_ENTRIES;
    DIR *dir = opendir(work);
    for (struct dirent *entry; dir && budget && (entry = readdir(dir));) {
        if (atol(entry->d_name) <= 0 ||
            snprintf(path, sizeof path, "%s/%s", work, entry->d_name) >= (int)sizeof path)
            continue;
        int lock = lock_dir(path);
        if (lock < 0)
            continue;
        remove_dir(path, &budget);
        close(lock);
    }
    if (dir)
        closedir(dir);
}

/* The runner's own. */

/* Another runner may take a directory for one that was left, before it is locked. */
static bool make_locked(const char *path)
{
    struct stat there, locked;
    for (int try = 0; try < LOCK_TRIES; try++) {
        if (mkdir(path, 0770) < 0 && errno != EEXIST)
            return false;
        mine.lock = lock_dir(path);
        if (mine.lock < 0)
            continue;
        if (stat(path, &there) == 0 && fstat(mine.lock, &locked) == 0 &&
            there.st_ino == locked.st_ino)
            return true;
        close(mine.lock);
        mine.lock = -1;
    }
    return false;
}

/* Lets a guest through to what is below. */
static bool let_through(const char *path)
{
    struct stat st;
    return !guest || (stat(path, &st) == 0 && chmod(path, (st.st_mode & 07777) | S_IXOTH) == 0);
}

static bool make_mine(const struct home *home)
{
    char work[PATH_MAX], name[64];
    home_path(home, "run/work", work);
    if (mkdir(work, 0770) < 0 && errno != EEXIST)
        return false;
    sweep(work);
    snprintf(name, sizeof name, "run/work/%d", (int)getpid());
    home_path(home, name, mine.dir);
    return make_locked(mine.dir) && let_through(work) && let_through(mine.dir);
}

static bool has_mine(const struct home *home)
{
    if (!mine.tried && !make_mine(home))
        log_errno("cannot make a directory in run/work of %s; scripts have none", home->dir);
    mine.tried = true;
    return mine.lock >= 0;
}

/* Rooms. */

/* home_locate leaves room in a path for names that are longer than these. */
static void name_mine(const char *name, char ret_path[PATH_MAX])
{
    if (snprintf(ret_path, PATH_MAX, "%s/%s", mine.dir, name) >= PATH_MAX)
        log_die(EXIT_FIX, "the path of the home is too long; choose a shorter one");
}

/* A guest's is the group's too, which is the home's: scripts that are exempted use it as well. */
static mode_t mode_of_room(void)
{
    return guest ? 0770 : 0700;
}

static bool is_given(int fd)
{
    return !guest || (fchmod(fd, mode_of_room()) == 0 && fchown(fd, guest->uid, (gid_t)-1) == 0);
}

static void make_dir(struct room *room)
{
    char name[32];
    snprintf(name, sizeof name, "%lu", mine.made++);
    name_mine(name, room->dir);
    if (mkdir(room->dir, 0700) == 0)
        room->fd = open(room->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (room->fd < 0 || !is_given(room->fd)) {
        log_errno("cannot make %s; a script has no directory of its own", room->dir);
        room->dir[0] = 0;
        if (room->fd >= 0)
            close(room->fd);
        room->fd = -1;
    }
}

/* A script may have changed the rights; one that is not confined may have removed it. */
static bool is_unharmed(const struct room *room)
{
    struct stat st;
    return fstat(room->fd, &st) == 0 && st.st_nlink && (st.st_mode & 0777) == mode_of_room();
}

static bool is_as_made(const struct room *room)
{
    return is_unharmed(room) && !clear_is_needed(room->fd, room->desk.spared);
}

/* What is too much to be removed at once waits in a directory for it. */
static void discard(struct room *room)
{
    char trash[PATH_MAX], to[PATH_MAX + 32];
    size_t budget = TIDY_ENTRIES;
    close(room->fd);
    room->fd = -1;
    desk_leave(&room->desk);
    if (clear_directory(room->dir, &budget, NULL) && rmdir(room->dir) == 0)
        return;
    name_mine("trash", trash);
    snprintf(to, sizeof to, "%s/%lu", trash, mine.made++);
    mine.has_trash = true;
    if ((mkdir(trash, 0700) < 0 && errno != EEXIST) || rename(room->dir, to) < 0)
        log_errno("cannot remove %s", room->dir);
}

void room_give(const struct account *account)
{
    guest = account;
}

const struct account *room_account(const struct home *home, const char *script)
{
    return confine_exempts(home, script) ? NULL : guest;
}

void room_open(struct room *room, const struct home *home)
{
    *room = (struct room){.fd = -1, .rules = -1, .desk = DESK_NONE, .home = home};
    if (has_mine(home))
        make_dir(room);
    outside_watch(&room->outside, home);
}

static void drop_rules(struct room *room)
{
    if (room->rules >= 0)
        close(room->rules);
    room->rules = -1;
    room->ruled_ms = 0;
}

void room_close(struct room *room)
{
    drop_rules(room);
    if (room->outside.mounts_fd >= 0)
        close(room->outside.mounts_fd);
    if (room->dir[0])
        discard(room);
}

struct room *room_of_execution(const struct home *home)
{
    if (!execution.home)
        room_open(&execution, home);
    return &execution;
}

bool room_open_desk(struct room *room, struct span context, struct desk_ends *ret_ends)
{
    return room->fd >= 0 && (is_unharmed(room) || fchmod(room->fd, mode_of_room()) == 0) &&
           desk_open(&room->desk, room->fd, guest, context, ret_ends);
}

static ino_t look_at_scripts(const struct home *home)
{
    char path[PATH_MAX];
    struct stat st;
    home_path(home, "scripts", path);
    return stat(path, &st) < 0 ? 0 : st.st_ino;
}

/* A directory of scripts that takes another's place counts at once, what is new outside soon. */
static bool is_out_of_date(struct room *room, int64_t now)
{
    if (!room->ruled_ms || room->scripts != look_at_scripts(room->home))
        return true;
    return now - room->ruled_ms >= RULES_MS && outside_has_changed(&room->outside, room->home);
}

bool room_make_rules(struct room *room)
{
    int64_t now = clock_mono_ms();
    if (!is_out_of_date(room, now))
        return true;
    drop_rules(room);
    room->scripts = look_at_scripts(room->home);
    bool made = confine_rules(room->home, room->dir, &room->rules);
    room->ruled_ms = made ? now : 0;
    return made;
}

/* When to look next; INT64_MAX: never. */
static int64_t looks_at(struct room *room, int64_t now_ms)
{
    if (!room || room->fd < 0 || !room->home->config.step_work_bytes)
        return INT64_MAX;
    if (!room->look_ms)
        room->look_ms = now_ms + LOOK_MS;
    return room->look_ms;
}

bool room_is_overfull(struct room *room, int64_t now_ms)
{
    if (now_ms < looks_at(room, now_ms))
        return false;
    int64_t may_hold = room->home->config.step_work_bytes + desk_bytes(&room->desk);
    bool overfull = measure_exceeds(room->fd, may_hold);
    int64_t after_ms = clock_mono_ms(), pause_ms = (after_ms - now_ms) * LOOK_SHARE;
    room->look_ms = after_ms + (pause_ms > LOOK_MS ? pause_ms : LOOK_MS);
    return overfull;
}

int room_wait_ms(struct room *room, int64_t now_ms, int64_t until_ms)
{
    int64_t look_ms = looks_at(room, now_ms);
    int64_t wait_ms = (look_ms < until_ms ? look_ms : until_ms) - now_ms;
    return wait_ms > INT32_MAX ? -1 : wait_ms > 0 ? (int)wait_ms : 0;
}

void room_tidy(void)
{
    char trash[PATH_MAX];
    size_t budget = TIDY_ENTRIES;
    execution.look_ms = 0;
    if (mine.has_trash) {
        name_mine("trash", trash);
        mine.has_trash = !clear_directory(trash, &budget, NULL);
    }
    if (!execution.dir[0] || is_as_made(&execution))
        return;
    if (clear_directory(execution.dir, &budget, execution.desk.spared) &&
        fchmod(execution.fd, mode_of_room()) == 0 && is_as_made(&execution))
        return;
    drop_rules(&execution);
    discard(&execution);
    make_dir(&execution);
}

void room_rest(void)
{
    desk_rest(&execution.desk);
}

void room_end(void)
{
    size_t budget = TIDY_ENTRIES;
    if (mine.lock >= 0)
        remove_dir(mine.dir, &budget);
}
