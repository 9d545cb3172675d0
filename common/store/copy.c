/* copy - see copy.h. */
#include "store/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "home/durable.h"
#include "store/env.h"

static int64_t size_of(const struct store *store)
{
    MDB_envinfo info;
    mdb_env_info(store->env, &info);
    return (int64_t)((info.me_last_pgno + 1) * store->page_bytes);
}

static enum err no_room(struct store *store, const char *path)
{
    log_error("there is no room for a copy of the database, %" PRId64 " MiB, in %s; free so much "
              "of the disk, and try again",
        size_of(store) / MIB(1) + 1, path);
    return ERR_FULL;
}

/* A result of LMDB, which is an errno where the system has failed. */
static int write_copy(struct store *store, const char *path)
{
    mode_t old = umask(007);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0660);
    umask(old);
    if (fd < 0)
        return errno;
    pthread_rwlock_rdlock(&store->map_lock);
    int rc = mdb_env_copyfd2(store->env, fd, 0);
    pthread_rwlock_unlock(&store->map_lock);
    close(fd);
    return rc;
}

enum err copy_store(struct store *store, const char *directory)
{
    char dir[PATH_MAX], path[PATH_MAX], part[PATH_MAX];
    struct buf name = BUF_INIT;
    home_path(store->home, directory, dir);
    buf_printf(&name, "%s/data.mdb", directory);
    home_path(store->home, buf_text(&name), path);
    buf_add_str(&name, ".part");
    home_path(store->home, buf_text(&name), part);
    buf_done(&name);
    if (env_disk_free(store) < size_of(store))
        return no_room(store, dir);
    int rc = mkdir(dir, 0770) < 0 && errno != EEXIST ? errno : write_copy(store, part);
    if (!rc && (!durable_rename(part, path) || !durable_flush_around(dir)))
        rc = errno;
    if (!rc)
        return ERR_OK;
    (void)unlink(part);
    if (rc == ENOSPC || rc == EDQUOT || rc == EFBIG)
        return no_room(store, dir);
    log_error("cannot copy the database to %s: %s", path, mdb_strerror(rc));
    return ERR_IO;
}
