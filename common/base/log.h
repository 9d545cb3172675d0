#ifndef BASE_LOG_H
#define BASE_LOG_H
/*
 * log - one line an occurrence: when (UTC), which program and process, how bad, and the request
 * or execution that the thread has set (log_context). Lines go to standard error, where web
 * servers and service managers collect what programs say, until log_to says otherwise.
 *
 * An occurrence is logged once, where its cause is known. The line never carries a secret, a
 * token or a payload. Of many lines of one kind some are left out, and their number is told
 * (flood.h).
 */
#include <stdbool.h>

#include "base/rotate.h"

/* The program's name; borrowed for the life of the process. */
void log_open(const char *program);

/* For a program that a person calls: no line has a time, and none is left out. */
void log_to_person(void);

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

/* `file`: standard error becomes this file. The path is borrowed. */
struct log_place {
    enum { LOG_TO_STDERR, LOG_TO_FILE, LOG_TO_SYSLOG } to;
    struct rotate file;
    enum log_level level; /* what is worse is logged as well */
    bool json;            /* a line is a JSON object; in the system's log it is text */
};

/* Where lines go from now on. A file is opened at the first line, or by log_settle. */
void log_to(const struct log_place *place);

/* Opens the file at once, so that it also has what others write to standard error. */
void log_settle(void);

/* The file is opened anew at the next line. For signal handlers, too. */
void log_reopen(void);

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
