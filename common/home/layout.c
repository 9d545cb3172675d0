/* layout - see layout.h. */
#include "home/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define RW (R_OK | W_OK)
#define RX (R_OK | X_OK)
#define RWX (R_OK | W_OK | X_OK)

/*
 * In a split home the directory db/ lets in readers alone, so data.mdb may be read by "others".
 * The sticky bit of log/ keeps each from the logs of the others.
 */
const struct layout_part layout_parts[] = {
    {"", 02770, 02751, RWX, LAYOUT_OWNER, true, true},
    {"fx.conf", 0640, 0644, R_OK, LAYOUT_OWNER, false, true},
    {"secret.key", 0640, 0600, R_OK, LAYOUT_OWNER, false, true},
    {"db", 02770, 02750, RWX, LAYOUT_READERS, true, true},
    {"db/data.mdb", 0660, 0644, RW, LAYOUT_OWNER, false, true},
    {"db/lock.mdb", 0660, 0660, RW, LAYOUT_READERS, false, false},
    {"scripts", 02750, 02750, RX, LAYOUT_STEPS, true, true},
    {"run", 02770, 02751, RWX, LAYOUT_READERS, true, true},
    {"run/dispatcher.lock", 0660, 0640, RW, LAYOUT_READERS, false, false},
    {"run/meters", 0660, 0660, RW, LAYOUT_READERS, false, false},
    {"run/stats", 0660, 0660, RW, LAYOUT_READERS, false, false},
    {"run/live", 02770, 02750, RWX, LAYOUT_READERS, true, false},
    {"run/work", 02770, 02751, RWX, LAYOUT_OWNER, true, false},
    {"log", 02770, 03770, RWX, LAYOUT_READERS, true, true},
    {"uploads", 02770, 02770, RWX, LAYOUT_OWNER, true, true},
};
const size_t layout_count = sizeof layout_parts / sizeof layout_parts[0];

void layout_path(const char *dir, const struct layout_part *part, char ret_path[PATH_MAX])
{
    snprintf(ret_path, PATH_MAX, "%s%s%s", dir, *part->name ? "/" : "", part->name);
}

static bool make_part(const char *path, const struct layout_part *part)
{
    if (part->is_made)
        return true;
    if (part->is_directory)
        return mkdir(path, 0700) == 0 || errno == EEXIST;
    int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, part->split);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* The group first: changing it takes the set-group-id bit away (chown(2)). */
static bool set_part(const char *path, const struct layout_part *part, gid_t group)
{
    return make_part(path, part) && lchown(path, (uid_t)-1, group) == 0 &&
           chmod(path, part->split) == 0;
}

enum err layout_split(const char *dir, gid_t readers, gid_t steps)
{
    char path[PATH_MAX];
    struct stat st;
    if (stat(dir, &st) < 0) {
        log_errno("cannot look at %s", dir);
        return ERR_IO;
    }
    const gid_t groups[] = {[LAYOUT_OWNER] = st.st_gid,
        [LAYOUT_READERS] = readers,
        [LAYOUT_STEPS] = steps == (gid_t)-1 ? st.st_gid : steps};
    for (size_t i = 0; i < layout_count; i++) {
        const struct layout_part *part = &layout_parts[i];
        layout_path(dir, part, path);
        if (set_part(path, part, groups[part->group]))
            continue;
        log_errno("cannot give %s its mode and its group %u; be root, or an account of that group",
            path, (unsigned)groups[part->group]);
        return ERR_IO;
    }
    return ERR_OK;
}
