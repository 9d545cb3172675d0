/* env - see env.h. */
#include "store/env.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/statvfs.h>

#include "base/log.h"

static const char *const table_names[] = {
#define TABLE(constant, name, key, record, writer) name,
#include "schema/tables.def"
#undef TABLE
};

enum err env_full(struct store *store, const char *format, ...)
{
    struct buf why = BUF_INIT;
    va_list args;
    if (store->told_full)
        return ERR_FULL;
    va_start(args, format);
    buf_vprintf(&why, format, args);
    va_end(args);
    log_error("the store is full: %s", buf_text(&why));
    store->told_full = true;
    buf_done(&why);
    return ERR_FULL;
}

enum err env_err(struct store *store, int rc, const char *doing)
{
    switch (rc) {
    case MDB_SUCCESS:
        return ERR_OK;
    case MDB_NOTFOUND:
        return ERR_NOTFOUND;
    case MDB_KEYEXIST:
        return ERR_CONFLICT;
    case MDB_MAP_FULL:
        return ERR_FULL;
    case ENOSPC:
    case EDQUOT:
        return env_full(store, "%s; free some room on its disk (%s)", mdb_strerror(rc), doing);
    case MDB_PANIC:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH:
    case MDB_INVALID:
        log_error("the store is not usable (%s: %s)", doing, mdb_strerror(rc));
        store->broken = true;
        return ERR_CORRUPT;
    default:
        log_error("the store failed (%s: %s)", doing, mdb_strerror(rc));
        return ERR_IO;
    }
}

int store_library_version(void)
{
    int major, minor, patch;
    (void)mdb_version(&major, &minor, &patch);
    return 10000 * major + 100 * minor + patch;
}

const char *env_table_name(enum store_table table)
{
    return table_names[table];
}

int64_t env_disk_free(const struct store *store)
{
    struct statvfs disk;
    char path[PATH_MAX];
    home_path(store->home, "db", path);
    return statvfs(path, &disk) == 0 ? (int64_t)(disk.f_bavail * disk.f_frsize) : INT64_MAX;
}

bool store_is_broken(const struct store *store)
{
    return store->broken;
}

uint64_t store_last_commit(const struct store *store)
{
    MDB_envinfo info;
    mdb_env_info(store->env, &info);
    return info.me_last_txnid;
}
