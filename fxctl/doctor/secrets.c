/* secrets - see checks.h. The key that secrets are sealed with. */
#include <errno.h>
#include <sys/stat.h>

#include "fxctl/doctor/checks.h"
#include "home/keyring.h"

void secrets_look(struct visit *visit)
{
    char path[PATH_MAX];
    struct stat st;
    home_path(&visit->home, "secret.key", path);
    bool is_there = stat(path, &st) == 0;
    if (is_there && (st.st_size == KEYRING_KEY || st.st_size == KEYRING_MAX * KEYRING_KEY))
        return;
    struct finding *f = visit_find(visit, WRONG, path,
        is_there ? "%s has not the %d bytes of a key; restore it from its backup, or, where there "
                   "is none, give up what it has sealed"
                 : "%s is missing; restore it from its backup, or, where there is none, give up "
                   "what it has sealed",
        path, KEYRING_KEY);
    if (is_there)
        mend_with(f, "rm", path, NULL);
    mend_with_fxctl(visit, f, "rekey --give-up");
}
