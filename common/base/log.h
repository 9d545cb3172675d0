#ifndef BASE_LOG_H
#define BASE_LOG_H
/*
 * log - one line an occurrence on standard error, where web servers and
 * service managers collect what programs say.
 *
 * An occurrence is logged once, where its cause is known. The line carries the
 * program and the request or execution that the thread has set (log_context); it
 * never carries a secret, a token or a payload.
 */

/* The program's name; borrowed for the life of the process. */
void log_open(const char *program);

/* What the calling thread works on, a request's id for one; copied. "": nothing. */
void log_context(const char *context);

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* log_error with ": " and the text of errno. */
void log_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says why and ends the process. */
#define EXIT_FIX 100   /* somebody must mend something first */
#define EXIT_RETRY 111 /* trying again may help */
_Noreturn void log_die(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
