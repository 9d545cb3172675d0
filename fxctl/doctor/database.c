/* database - see checks.h. Can the store be opened, and has it room for new work? */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "fxctl/doctor/checks.h"
#include "home/disk.h"
#include "store/open.h"

static void find_unmade(struct visit *visit, const char *path)
{
    mend_with_fxctl(visit,
        visit_find(visit, WRONG, path, "%s is missing or not made to its end", path), "init");
}

static void find_damage(struct visit *visit, const char *path)
{
    char db[PATH_MAX], aside[PATH_MAX];
    home_path(&visit->home, "db", db);
    home_path(&visit->home, "db.damaged", aside);
    struct finding *f = visit_find(visit, WRONG, path,
        "%s cannot be used: it is damaged, or no database; stop the programs and restore db/ from "
        "its backup, or, where there is none, begin with an empty one",
        path);
    mend_with(f, "mv", db, aside, NULL);
    mend_with_fxctl(visit, f, "init");
}

static void judge_layout(struct visit *visit, const char *path, uint64_t layout)
{
    if (!layout)
        find_unmade(visit, path);
    else if (layout < STORE_LAYOUT)
        mend_with_fxctl(visit,
            visit_find(visit, WRONG, path,
                "%s has layout %" PRIu64 ", of an earlier version; stop the web server and the "
                "dispatcher, and bring it to layout %d",
                path, layout, STORE_LAYOUT),
            "upgrade");
    else if (layout > STORE_LAYOUT)
        visit_find(visit, WRONG, path,
            "%s has layout %" PRIu64 ", of a newer version, and this one knows layouts up to %d; "
            "install that version again",
            path, layout, STORE_LAYOUT);
}

/* The disk's room is judged by disk_look. */
static void judge_room(struct visit *visit, const char *path)
{
    char more[32];
    const struct config *config = &visit->home.config;
    struct store_room room = store_room(visit->ctl->store);
    if (room.accepting || room.disk_free_bytes < config->store_disk_reserve_bytes)
        return;
    snprintf(more, sizeof more, "%" PRId64, 2 * room.max_bytes);
    mend_setting(visit,
        visit_find(visit, WRONG, path,
            "%s takes %" PRId64 " bytes of at most %" PRId64 " (map_max_bytes of [store]), and "
            "events are refused; allow it more, and start the programs anew",
            path, room.used_bytes, room.max_bytes),
        "store", "map_max_bytes", more);
}

static enum err open_store(struct visit *visit, const char *path)
{
    uint64_t layout;
    size_t before = visit->count;
    enum err err = open_env(&visit->home, STORE_READ_ONLY, &visit->ctl->store);
    if (!err)
        err = open_layout(visit->ctl->store, &layout);
    if (!err)
        judge_layout(visit, path, layout);
    if (!err && visit->count > before)
        return ERR_DENIED;
    if (!err)
        err = open_tables(visit->ctl->store, STORE_READ_ONLY);
    if (err == ERR_NOTFOUND)
        find_unmade(visit, path);
    else if (err)
        find_damage(visit, path);
    return err;
}

void database_look(struct visit *visit)
{
    char path[PATH_MAX];
    home_path(&visit->home, "db/data.mdb", path);
    if (access(path, F_OK) < 0)
        find_unmade(visit, path);
    else if (access(path, R_OK) < 0)
        visit_skip(visit, "it cannot be read");
    else if (disk_is_network(path) && !visit->home.config.store_network_filesystem)
        visit_skip(visit, "it is on a network file system");
    else if (!open_store(visit, path))
        judge_room(visit, path);
    else
        visit->ctl->store = NULL; /* the process ends without it */
}
