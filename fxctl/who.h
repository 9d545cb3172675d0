#ifndef FXCTL_WHO_H
#define FXCTL_WHO_H
/*
 * who - whom a command changes the store for (model/audit.h): the account that runs it.
 */
#include "model/audit.h"

struct who {
    struct actor actor; /* borrows the name */
    char name[AUDIT_NAME_MAX];
};

/*
 * Finds the account that runs this process, by its number where the system has no name for it;
 * where sudo(8) says whose wish it was, that name comes first: "alice as fxbridge". Whoever may
 * write the home may also write what he likes into it: this tells honest people apart.
 */
void who_find(struct who *ret_who);

#endif
