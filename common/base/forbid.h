#ifndef BASE_FORBID_H
#define BASE_FORBID_H
/*
 * forbid - system calls that a process gives up for good, with all that it starts from
 * then on (seccomp(2)). They fail with EPERM.
 */
#include <stdbool.h>

enum forbid_what {
    FORBID_USER_NAMESPACES = 1, /* in a new one a process has all capabilities */
    FORBID_PROGRAMS = 2,        /* no other program, and no further process; threads go on */
    /* Resource limits of a process named by its number (prlimit(2)), be it itself. */
    FORBID_LIMITS_OF_OTHERS = 4,
};

/*
 * False with errno, where the kernel has no seccomp. PR_SET_NO_NEW_PRIVS is set by this.
 * Programs for another kind of processor than this one can make no system call at all.
 */
bool forbid(unsigned what);

/* Can the kernel do this? */
bool forbid_is_possible(void);

#endif
