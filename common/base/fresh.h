#ifndef BASE_FRESH_H
#define BASE_FRESH_H
/*
 * fresh - a process that keeps nothing of whoever started it: of a web server, of a
 * request, of a shell.
 *
 * What a process can put right of itself it does at its beginning, whoever has started
 * it. Its environment shows in /proc as it was given, so that is the starter's to see to.
 * Niceness and oom_score_adj are left as given.
 */

/*
 * The first call of every program. Descriptors 0 to 2 are open (/dev/null where they
 * were closed), so that no other file gets their numbers and the log's lines with them.
 * Signals are as a new process has them, but SIGHUP, which nohup ignores, and which a
 * program of ours may be started with blocked (fresh_start); the umask is 027. The process
 * cannot be looked into, and leaves no core file.
 */
void fresh_begin(void);

/* For programs that serve nobody directly: only descriptors 0 to 2, and "/" to be in. */
void fresh_alone(void);

/* Limits that a web server has lowered for its programs are as high as they may be. */
void fresh_limits(void);

/*
 * The variables that our programs have use for, as this process has them, and one more
 * ("NAME=value", or NULL). Ended by NULL; the caller frees the list alone.
 */
char **fresh_environment(char *more);

/*
 * Starts a program of ours in a session of its own, with fresh signals and these
 * descriptors as 0, 1 and 2, without its waiting for anything of this process. SIGHUP waits
 * until the program heeds it (home/logs.h). Returns an errno, or 0 with the process's number.
 */
struct fresh_program {
    const char *path;
    char *const *argv;
    char *const *environment;
    int fds[3];
};
int fresh_start(const struct fresh_program *program, int *ret_pid);

#endif
