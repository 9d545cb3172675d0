/* landlock - see landlock.h. */
#include "base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/landlock.h>

#define FIRST_USEFUL_VERSION 2

/* The C library has no functions for these calls, and its headers may be older than the kernel. */
#define TRUNCATE (1ull << 14)    /* LANDLOCK_ACCESS_FS_TRUNCATE */
#define SCOPE_SIGNAL (1ull << 1) /* LANDLOCK_SCOPE_SIGNAL */

/* struct landlock_ruleset_attr as of version 6; older kernels take it where the rest is 0. */
struct ruleset {
    uint64_t files, net, scoped;
};

int landlock_version(void)
{
    static int version = -1;
    if (version < 0) {
        long told =
            syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
        version = told < FIRST_USEFUL_VERSION ? 0 : (int)told;
    }
    return version;
}

/* What Landlock is asked to look at for these rights, of files alone or of directories too. */
static uint64_t access_of(unsigned rights, bool is_directory)
{
    uint64_t access = 0;
    if (rights & LANDLOCK_READ)
        access |= LANDLOCK_ACCESS_FS_READ_FILE;
    if (rights & LANDLOCK_RUN)
        access |= LANDLOCK_ACCESS_FS_EXECUTE;
    if (rights & LANDLOCK_WRITE)
        access |= LANDLOCK_ACCESS_FS_WRITE_FILE |
                  (landlock_version() >= LANDLOCK_TRUNCATE ? TRUNCATE : 0);
    if (is_directory && rights & LANDLOCK_READ)
        access |= LANDLOCK_ACCESS_FS_READ_DIR;
    if (is_directory && rights & LANDLOCK_MAKE)
        access |= LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                  LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                  LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                  LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER;
    return access;
}

int landlock_new(bool keeps_signals)
{
    struct ruleset set = {.files = access_of(LANDLOCK_ALL, true)};
    int version = landlock_version();
    if (!version) {
        errno = ENOSYS;
        return -1;
    }
    if (keeps_signals && version >= LANDLOCK_SIGNAL)
        set.scoped = SCOPE_SIGNAL;
    return (int)syscall(SYS_landlock_create_ruleset, &set, sizeof set, 0);
}

bool landlock_allow(int rules, int fd, bool is_directory, unsigned rights)
{
    struct landlock_path_beneath_attr rule = {
        .allowed_access = access_of(rights, is_directory), .parent_fd = fd};
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

bool landlock_allow_path(int rules, const char *path, unsigned rights)
{
    struct stat st;
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT;
    bool good = fstat(fd, &st) == 0 && landlock_allow(rules, fd, S_ISDIR(st.st_mode), rights);
    close(fd);
    return good;
}

bool landlock_enter(int rules)
{
    return syscall(SYS_landlock_restrict_self, rules, 0) == 0;
}
