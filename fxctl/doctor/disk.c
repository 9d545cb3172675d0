/* disk - see checks.h. The file system of the home, and the room on it. */
#include "home/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/shell.h"
#include "fxctl/doctor/checks.h"

/* The directory that the file system of this path is mounted on. */
static void mount_of(const char *path, char ret_mount[PATH_MAX])
{
    char at[PATH_MAX];
    struct stat st, above;
    snprintf(at, sizeof at, "%s", path);
    for (bool same = stat(at, &st) == 0; same;) {
        snprintf(ret_mount, PATH_MAX, "%s", at);
        char *slash = strrchr(at, '/');
        if (!slash || !at[1])
            return;
        slash[slash == at] = 0;
        same = stat(at, &above) == 0 && above.st_dev == st.st_dev;
    }
}

static void judge_kind(struct visit *visit, const char *path)
{
    if (!disk_is_network(path) || visit->home.config.store_network_filesystem)
        return;
    struct finding *f = visit_find(visit, WRONG, path,
        "%s is on a network file system, where the database can be lost; stop the programs, and "
        "move the home to a local disk",
        path);
    mend_as_root(visit, f, "mv", visit->home.dir, "/var/lib/fxbridge", NULL);
    mend_with(f, "fxctl --home /var/lib/fxbridge doctor", NULL);
}

static void judge_mount(struct visit *visit, const struct statvfs *fs, const char *mount)
{
    if (fs->f_flag & ST_RDONLY)
        mend_as_root(visit,
            visit_find(visit, WRONG, mount,
                "the file system %s, which the home is on, is read-only", mount),
            "mount -o remount,rw", mount, NULL);
    else if (fs->f_flag & ST_NOEXEC)
        mend_as_root(visit,
            visit_find(visit, WRONG, mount,
                "the file system %s is mounted noexec, so that no script of the home can be "
                "started",
                mount),
            "mount -o remount,exec", mount, NULL);
}

/* What the logs that were put aside take up: NAME.log.1 and so on. */
static int64_t old_log_bytes(const char *path)
{
    int64_t bytes = 0;
    struct stat st;
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        const char *end = strstr(entry->d_name, ".log.");
        if (end && fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            bytes += (int64_t)st.st_blocks * 512;
    }
    if (dir)
        closedir(dir);
    return bytes;
}

static void judge_room(struct visit *visit, const struct statvfs *fs, const char *mount)
{
    char log[PATH_MAX];
    struct buf old = BUF_INIT;
    int64_t free = (int64_t)fs->f_bavail * (int64_t)fs->f_frsize;
    int64_t reserve = visit->home.config.store_disk_reserve_bytes;
    home_path(&visit->home, "log", log);
    if (free >= reserve && (fs->f_favail || !fs->f_files))
        return;
    struct finding *f = visit_find(visit, WRONG, mount,
        free < reserve ? "%s has %" PRId64 " bytes free, and events are refused below %" PRId64
                         " (disk_reserve_bytes of [store]); make room there"
                       : "%s has no room for another file; make room there",
        mount, free, reserve);
    if (free + old_log_bytes(log) >= reserve && free < reserve) {
        shell_add_word(span_str(log), &old);
        buf_add_str(&old, "/*.log.*");
        mend_with(f, "rm", NULL);
        buf_printf(&f->mend, " %s", buf_text(&old));
    }
    buf_done(&old);
}

void disk_look(struct visit *visit)
{
    char db[PATH_MAX], mount[PATH_MAX] = "";
    struct statvfs fs;
    home_path(&visit->home, "db", db);
    if (statvfs(db, &fs) < 0)
        return; /* owners_look has told that there is none */
    mount_of(db, mount);
    judge_kind(visit, db);
    judge_mount(visit, &fs, mount);
    judge_room(visit, &fs, mount);
}
