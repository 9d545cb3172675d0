/*
 * exit - lets a program that was built for coverage write its counters also when it ends
 * by _exit, which is linked as the one here (--wrap).
 */
void __gcov_dump(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

_Noreturn void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}
