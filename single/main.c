/*
 * fxbridge - all programs in one file that needs no library of its host, for places where nothing
 * can be compiled and nobody is root. It is each of them by the name that it is called by, or that
 * its first argument says: `fxbridge fxctl status`.
 *
 * fx-http is not among them: libcurl cannot be linked statically.
 */
#include <nss.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "base/version.h"
#include "home/installed.h"

/* SINGLE_WEB(WEB) and SINGLE_OTHER(OTHER), lists of names, come from the Makefile. */
#define WEB(name) int single_##name(void);
#define OTHER(name, called) int single_##name(int argc, char **argv);
SINGLE_WEB(WEB)
SINGLE_OTHER(OTHER)
#undef WEB
#undef OTHER

static const struct {
    const char *name;
    int (*web)(void);
    int (*other)(int argc, char **argv);
} programs[] = {
#define WEB(name) {#name ".fcgi", single_##name, NULL},
#define OTHER(name, called) {called, NULL, single_##name},
    SINGLE_WEB(WEB) SINGLE_OTHER(OTHER)
#undef WEB
#undef OTHER
};

#define PROGRAMS (sizeof programs / sizeof programs[0])

static size_t find(const char *called)
{
    const char *slash = strrchr(called, '/');
    size_t i = 0;
    while (i < PROGRAMS && strcmp(programs[i].name, slash ? slash + 1 : called) != 0)
        i++;
    return i;
}

/* For installed.c: programs that are started are this one, too. */
bool installed_inside(const char *name)
{
    return find(name) < PROGRAMS;
}

static int usage(void)
{
    puts("fxbridge " FX_VERSION "\n\nusage: fxbridge PROGRAM ARGUMENT ...\n\nThe programs:");
    for (size_t i = 0; i < PROGRAMS; i++)
        printf("  %s\n", programs[i].name);
    puts("\nThere is no fx-http among them: http steps cannot be run.");
    return 2;
}

/* What this file brings along would not fit the libraries that the host's settings name. */
static void go_by_own_libraries(void)
{
    (void)__nss_configure_lookup("passwd", "files");
    (void)__nss_configure_lookup("group", "files");
    (void)setenv("OPENSSL_CONF", "/dev/null", 1);
}

int main(int argc, char **argv)
{
    size_t i = argc ? find(argv[0]) : PROGRAMS;
    if (i == PROGRAMS && argc > 1) {
        i = find(argv[1]);
        argv++;
        argc--;
    }
    if (i == PROGRAMS)
        return usage();
    go_by_own_libraries();
    (void)prctl(PR_SET_NAME, programs[i].name); /* as if it were a file of its own */
    return programs[i].web ? programs[i].web() : programs[i].other(argc, argv);
}
