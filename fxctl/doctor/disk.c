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

/* The logs that were put aside, NAME.log.1 and so on: how many there are, and their bytes. */
static int64_t old_logs(const char *path, int64_t *ret_bytes)
{
    int64_t count = 0;
    struct stat st;
    DIR *dir = opendir(path);
    *ret_bytes = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (!strstr(entry->d_name, ".log.") ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        *ret_bytes += (int64_t)st.st_blocks * 512;
        count++;
    }
    if (dir)
        closedir(dir);
    return count;
}

static void judge_room(struct visit *visit, const struct statvfs *fs, const char *mount)
{
    char log[PATH_MAX];
    int64_t bytes, free = (int64_t)fs->f_bavail * (int64_t)fs->f_frsize;
    int64_t reserve = visit->home.config.store_disk_reserve_bytes;
    bool is_full = free < reserve;
    if (!is_full && (fs->f_favail || !fs->f_files))
        return;
    struct finding *f = visit_find(visit, WRONG, mount,
        is_full ? "%s has %" PRId64 " bytes free, and events are refused below %" PRId64
                  " (disk_reserve_bytes of [store]); make room there"
                : "%s has no room for another file; make room there",
        mount, free, reserve);
    home_path(&visit->home, "log", log);
    if (!old_logs(log, &bytes) || (is_full && free + bytes < reserve))
        return;
    mend_with(f, "rm", NULL);
    buf_add_char(&f->mend, ' ');
    shell_add_word(span_str(log), &f->mend);
    buf_add_str(&f->mend, "/*.log.*");
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
