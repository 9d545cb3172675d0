/*
 * libraries - see checks.h. Distributions mend a fault without changing the version, so that only
 * such faults are here as a distribution that has the version has, too.
 */
#include "fxctl/doctor/checks.h"

/* A version is 10000 * major + 100 * minor + patch. */
static const struct fault_of_library {
    const char *name, *package;
    int (*version)(void);
    int first, last;
    enum gravity gravity;
    const char *what;
} faults[] = {
    /* LMDB's CHANGES, 0.9.17 and 0.9.18: ITS#8258, 8263, 8264, 8299, 8300, 8310, 8316 and others */
    {"LMDB", "liblmdb0", store_library_version, 0, 917, WRONG,
        "loses track of its place when records are deleted, and can damage the database"},
    /* LMDB's CHANGES, 0.9.32: ITS#10095, of ITS#9278. Programs here end without closing. */
    {"LMDB", "liblmdb0", store_library_version, 926, 931, NOTED,
        "can break a lock that others use when somebody closes the database, as mdb_stat does"},
};

void libraries_look(struct visit *visit)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        int version = faults[i].version();
        if (version < faults[i].first || version > faults[i].last)
            continue;
        struct finding *f = visit_find(visit, faults[i].gravity, faults[i].name,
            "%s %d.%d.%d, the library, %s; install a newer one, and start the programs anew",
            faults[i].name, version / 10000, version / 100 % 100, version % 100, faults[i].what);
        mend_as_root(visit, f, "apt-get install --only-upgrade", faults[i].package, NULL);
    }
}
