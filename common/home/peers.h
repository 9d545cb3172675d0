#ifndef HOME_PEERS_H
#define HOME_PEERS_H
/*
 * peers - the accounts and groups that may connect to the web programs, besides those that always
 * may: [web] peers of fx.conf.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

#define PEERS_MAX 32

struct peers {
    size_t count;
    struct {
        bool is_account, is_group; /* a name may be both */
        uid_t account;
        gid_t group;
    } of[PEERS_MAX];
};

/* Looks the names up; a number is an account's. False, and why, where one is neither. */
bool peers_parse(const char *names, struct peers *ret_peers, struct buf *why);

bool peers_have_account(const struct peers *peers, uid_t account);
bool peers_have_group(const struct peers *peers, gid_t group);

#endif
