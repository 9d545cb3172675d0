#ifndef HOME_ACCOUNT_H
#define HOME_ACCOUNT_H
/*
 * account - the account that scripts run under ([step] user of fx.conf): one that owns nothing of
 * the home, nor anything else. Scripts that are exempted from being confined (confine.h) are from
 * this too: they are the home's own.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "home/home.h"

#define ACCOUNT_GROUPS_MAX 64

struct account {
    bool is_other; /* than that of this process */
    uid_t uid;
    gid_t gid;
    int group_count;
    gid_t groups[ACCOUNT_GROUPS_MAX];
};

/*
 * Looks the account up. False when scripts cannot be run under it, and *why says why and what to
 * do: there is no such account, this process cannot become it, or it cannot reach the scripts.
 */
bool account_find(const struct home *home, struct account *ret_account, struct buf *why);

/*
 * The same as another process would find it, which can become the account. *mend is the command
 * that helps where one does; it is not in why.
 */
bool account_judge(
    const struct home *home, struct account *ret_account, struct buf *why, struct buf *mend);

/*
 * Becomes the account for good, without any capability. For a new process between vfork and exec:
 * system calls only. False with errno.
 */
bool account_enter(const struct account *account);

#endif
