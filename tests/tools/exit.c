/*
 * exit - lets a program that was built for coverage write its counters also when it ends
 * by _exit, which is linked as the one here (--wrap), and keeps gcov from complaining on
 * standard error: a program that has given up the files that it does not need cannot write
 * counters, and its standard error is a log that tests read.
 */
#include <sys/mman.h>
#include <unistd.h>

void __gcov_dump(void);                  /* NOLINT: gcov's name */
_Noreturn void __real__exit(int status); /* NOLINT: the linker's name for what _exit was */
_Noreturn void __wrap__exit(int status); /* NOLINT: and for what it is */

/* gcov's own destructor runs after those without a priority. */
__attribute__((destructor)) static void hush(void)
{
    int nowhere = memfd_create("gcov", MFD_CLOEXEC);
    if (nowhere >= 0)
        (void)dup2(nowhere, STDERR_FILENO);
}

_Noreturn void __wrap__exit(int status)
{
    hush();
    __gcov_dump();
    __real__exit(status);
}
