#ifndef BASE_LANDLOCK_H
#define BASE_LANDLOCK_H
/*
 * landlock - what a process, and all that it starts from then on, may still do with
 * files and with other processes (Linux, Documentation/userspace-api/landlock.rst).
 *
 * A set of rules denies all access to files but to what it allows; a process that
 * enters it never leaves. Whoever has entered can neither trace nor look into a
 * process outside (/proc/PID/mem, environ, root, fd, …), nor mount anything.
 *
 * Of changes to files Landlock knows those that open, make, move or remove one. It does
 * not stop chmod, chown, utime and setxattr by the file's owner, nor connecting to a
 * socket that lies in a directory.
 */
#include <stdbool.h>

/*
 * Which version of Landlock the kernel has; 0: none that is of use. Version 1 (Linux
 * 5.13 to 5.18) counts as none: it would keep programs from moving a file from one
 * directory into another anywhere.
 */
int landlock_version(void);

#define LANDLOCK_TRUNCATE 3 /* the first version that also stops truncate(2); Linux 6.2 */
#define LANDLOCK_SIGNAL 6   /* the first version that can stop signals; Linux 6.12 */

enum landlock_rights {
    LANDLOCK_READ = 1, /* files and lists of directories */
    LANDLOCK_RUN = 2,  /* files as programs */
    LANDLOCK_WRITE = 4,
    LANDLOCK_MAKE = 8, /* make, move and remove what is in a directory */
    LANDLOCK_ALL = 15,
};

/*
 * A set that allows nothing yet, as a descriptor (close-on-exec); -1 with errno.
 * `keeps_signals`: who enters can signal only what entered with it or was started
 * since, where the kernel can see to that.
 */
int landlock_new(bool keeps_signals);

/*
 * Allows this with a file, or with a directory and all that is or will be below it,
 * given as a descriptor (O_PATH will do). False with errno.
 */
bool landlock_allow(int rules, int fd, bool is_directory, unsigned rights);

/* The same for a path; symbolic links are followed. What is not there is passed over. */
bool landlock_allow_path(int rules, const char *path, unsigned rights);

/*
 * Enters the set. The process has PR_SET_NO_NEW_PRIVS set. False with errno. One system
 * call, so that a new process may do this between vfork and exec.
 */
bool landlock_enter(int rules);

#endif
