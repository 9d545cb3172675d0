#ifndef HOME_CONFINE_H
#define HOME_CONFINE_H
/*
 * confine - what a script's process may reach ([step] confine of fx.conf): of the home
 * scripts/, to read and to run, and a work directory of its own; all that lies outside
 * the home (outside.h), as far as its account may; and of processes those that it has
 * started. It keeps no capability of root and cannot gain one.
 *
 * Landlock sees to files and processes, seccomp to user namespaces, and to resource limits
 * of other processes, which kill as surely as a signal. Where the kernel
 * lacks one of them, or has an old Landlock, something is missing, and
 * `confine = require` makes steps fail that say what.
 */
#include <stdbool.h>

#include "base/buf.h"
#include "home/home.h"

/* Has the operator exempted this script, from its account too (account.h)? */
bool confine_exempts(const struct home *home, const char *script);

/* Is this script confined at all? Not where confine is off, or the operator has exempted it. */
bool confine_is_for(const struct home *home, const char *script);

/* Must the script of a step not be run where something is missing? */
bool confine_is_required(const struct home *home);

/* Appends what is missing on this system, in a sentence part; nothing where all is there. */
void confine_missing(struct buf *out);

/*
 * What every script gives up, exempted or not: to make user namespaces, and to set limits of
 * other processes. A runner gives it up
 * before it starts a process for one step, since each process that makes a filter of its own
 * pays for that. Each system call of a runner is slower from then on.
 */
void confine_begin(const struct home *home);

/* Is it left to a process that lasts to give that up, since its runner has not? */
bool confine_is_left(const struct home *home);

/* Gives it up. For a new process between vfork and exec: system calls only. False with errno. */
bool confine_forbid(void);

/*
 * The rules for a process with this work directory, as a descriptor (close-on-exec) that
 * the caller closes. *ret_rules is -1 where this kernel has no Landlock. False, logged,
 * when the rules could not be made.
 */
bool confine_rules(const struct home *home, const char *work, int *ret_rules);

/*
 * Gives up capabilities and enters the rules, if there are any (-1: none). For a new
 * process between vfork and exec: system calls only. False with errno.
 */
bool confine_enter(int rules);

#endif
