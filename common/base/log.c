/*
 * log - see log.h. A line is written whole with one system call, so that the lines
 * of processes that share standard error do not mix.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

#define LINE_MAX_BYTES 2048 /* longer lines are cut; below PIPE_BUF, so a pipe takes them whole */

static const char *program_name = "fx";
static _Thread_local char context_text[80];

struct line {
    char text[LINE_MAX_BYTES];
    size_t len; /* one byte is always left for the newline */
};

static void line_vprintf(struct line *l, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void line_printf(struct line *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void line_vprintf(struct line *l, const char *format, va_list args)
{
    size_t room = sizeof l->text - l->len;
    int n = vsnprintf(l->text + l->len, room, format, args);
    if (n > 0)
        l->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void line_printf(struct line *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    line_vprintf(l, format, args);
    va_end(args);
}

/* Blanks stand for what is not plain text: a text from outside could forge lines with it. */
static void line_write(struct line *l)
{
    uint8_t *at = (uint8_t *)l->text, *end = at + l->len;
    while (at < end) {
        size_t len = utf8_length(at, end);
        if (!len || !utf8_is_plain(at, len))
            memset(at, ' ', len ? len : 1);
        at += len ? len : 1;
    }
    l->text[l->len++] = '\n';
    /* Nobody is left to tell when standard error does not take it. */
    if (write(STDERR_FILENO, l->text, l->len) < 0)
        return;
}

static void log_line(const char *level, const char *cause, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void log_line(const char *level, const char *cause, const char *format, va_list args)
{
    int saved = errno;
    struct line l;
    l.len = 0;
    line_printf(&l, "%s[%ld] %s: ", program_name, (long)getpid(), level);
    if (context_text[0])
        line_printf(&l, "[%s] ", context_text);
    line_vprintf(&l, format, args);
    if (cause)
        line_printf(&l, ": %s", cause);
    line_write(&l);
    errno = saved;
}

void log_open(const char *program)
{
    program_name = program;
}

void log_context(const char *context)
{
    snprintf(context_text, sizeof context_text, "%s", context);
}

void log_info(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line("info", NULL, format, args);
    va_end(args);
}

void log_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line("warning", NULL, format, args);
    va_end(args);
}

void log_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line("error", NULL, format, args);
    va_end(args);
}

void log_errno(const char *format, ...)
{
    char text[128];
    va_list args;
    va_start(args, format);
    log_line("error", strerror_r(errno, text, sizeof text), format, args);
    va_end(args);
}

void log_die(int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line("fatal", NULL, format, args);
    va_end(args);
    exit(status);
}
