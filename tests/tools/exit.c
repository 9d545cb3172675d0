/*
 * exit - lets a program that was built for coverage write its counters also when it ends
 * by _exit, which is linked as the one here (--wrap).
 */
void __gcov_dump(void);                  /* NOLINT: gcov's name */
_Noreturn void __real__exit(int status); /* NOLINT: the linker's name for what _exit was */
_Noreturn void __wrap__exit(int status); /* NOLINT: and for what it is */

_Noreturn void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}
