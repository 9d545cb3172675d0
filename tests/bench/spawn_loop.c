/*
 * spawn_loop - the yardstick for script steps: starts a program so many times,
 * so many at a time, with posix_spawn and wait, and prints how many ended a second.
 *
 *   spawn_loop COUNT AT_A_TIME PROGRAM
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void start(char *program)
{
    char *argv[] = {program, NULL}, *environment[] = {NULL};
    pid_t pid;
    int error = posix_spawn(&pid, program, NULL, NULL, argv, environment);
    if (error) {
        fprintf(stderr, "spawn_loop: cannot start %s: %s\n", program, strerror(error));
        exit(1);
    }
}

static void await_one(void)
{
    int status;
    if (wait(&status) < 0 || status != 0) {
        fprintf(stderr, "spawn_loop: the program has failed\n");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    long count = argc == 4 ? atol(argv[1]) : 0, at_a_time = argc == 4 ? atol(argv[2]) : 0;
    if (count < 1 || at_a_time < 1) {
        fprintf(stderr, "usage: spawn_loop COUNT AT_A_TIME PROGRAM\n");
        return 2;
    }
    double begin = now();
    for (long started = 0; started < count; started++) {
        if (started >= at_a_time)
            await_one();
        start(argv[3]);
    }
    for (long left = count < at_a_time ? count : at_a_time; left; left--)
        await_one();
    printf("%.1f\n", (double)count / (now() - begin));
    return 0;
}
