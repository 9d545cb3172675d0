#ifndef BASE_LOG_H
#define BASE_LOG_H
/*
 * log - one line an occurrence on standard error, where web servers and
 * service managers collect it.
 *
 * Logged once, where the cause is known. The line carries the program and the
 * request or execution at hand, which the skeleton sets for its thread.
 * Never a secret, a token or a payload.
 */

/* The program's name; borrowed for the life of the process. */
void log_open(const char *program);

/* What the thread works on, e.g. a request id; copied. "" for nothing. */
void log_context(const char *context);

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* log_error with ": " and the text of errno. */
void log_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says why and ends the process: 100 when somebody must mend something, 111 when trying again may
 * help. */
#define EXIT_FIX 100
#define EXIT_RETRY 111
_Noreturn void log_die(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
