/* peers - see peers.h. */
#include "home/peers.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"

/* The group of that number is likely another's than the account's. */
static bool add_number(const char *name, struct peers *peers)
{
    size_t i = peers->count;
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    if (*end || number >= (uid_t)-1)
        return false;
    peers->of[i].is_account = true;
    peers->of[i].account = (uid_t)number;
    peers->count++;
    return true;
}

static bool add(const char *name, struct peers *peers)
{
    size_t i = peers->count;
    const struct passwd *user = getpwnam(name);
    const struct group *group = getgrnam(name);
    if (!user && !group)
        return add_number(name, peers);
    peers->of[i].is_account = user;
    peers->of[i].is_group = group;
    peers->of[i].account = user ? user->pw_uid : 0;
    peers->of[i].group = group ? group->gr_gid : 0;
    peers->count++;
    return true;
}

bool peers_parse(const char *names, struct peers *ret_peers, struct buf *why)
{
    size_t len;
    ret_peers->count = 0;
    for (names = names_next(names, &len); len; names = names_next(names + len, &len)) {
        char *name = span_dup(span_of(names, len));
        bool full = ret_peers->count == PEERS_MAX;
        bool good = !full && add(name, ret_peers);
        if (full)
            buf_printf(why, "there are more than %d names", PEERS_MAX);
        else if (!good)
            buf_printf(why, "there is no account and no group \"%s\" here", name);
        free(name);
        if (!good)
            return false;
    }
    return true;
}

bool peers_have_account(const struct peers *peers, uid_t account)
{
    for (size_t i = 0; i < peers->count; i++)
        if (peers->of[i].is_account && peers->of[i].account == account)
            return true;
    return false;
}

bool peers_have_group(const struct peers *peers, gid_t group)
{
    for (size_t i = 0; i < peers->count; i++)
        if (peers->of[i].is_group && peers->of[i].group == group)
            return true;
    return false;
}
