#ifndef HOME_TRUST_H
#define HOME_TRUST_H
/*
 * trust - whoever can write a home runs what they like as the account of its programs. A home
 * that somebody else can write is therefore refused, as sshd refuses such a ~/.ssh
 * (sshd_config(5), StrictModes).
 *
 * A home belongs to the account of the process, to root, or to an account that gives it, or its
 * database to read, to a group of the process (layout.h). What is in it belongs to one of these.
 * Others write nothing, the group db/, run/, log/ and uploads/ alone.
 */
#include "base/err.h"
#include "home/fault.h"

/* `dir` is the home. Tells every fault; what is missing is good. */
void trust_look(const char *dir, fault_told *told, void *context);

/* ERR_DENIED when there is a fault: the first is logged with the command that mends it. */
enum err trust_home(const char *dir) MUST_CHECK;

/* The same for scripts/ and one script in it, which are looked at each time it is started. */
enum err trust_script(const char *dir, const char *path) MUST_CHECK;

#endif
