/*
 * log - see log.h. A line is written whole with one system call, so that the lines
 * of processes that share standard error do not mix.
 */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/flood.h"
#include "base/utf8.h"

#define LINE_MAX_BYTES 2048 /* longer lines are cut; below PIPE_BUF, so a pipe takes them whole */

/* How bad a line is: its word, when it is written, and what syslog(3) calls it. */
struct level {
    const char *word;
    enum log_level level;
    int priority;
};
static const struct level info = {"info", LOG_LEVEL_INFO, LOG_INFO};
static const struct level warning = {"warning", LOG_LEVEL_WARNING, LOG_WARNING};
static const struct level error = {"error", LOG_LEVEL_ERROR, LOG_ERR};
static const struct level fatal = {"fatal", LOG_LEVEL_ERROR, LOG_CRIT};

/* Guards all of this but the name, and is held while a line is written. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *program_name = "fx";
static struct log_place place = {.to = LOG_TO_STDERR, .level = LOG_LEVEL_INFO};
static bool to_person;
static atomic_bool reopen; /* the place has to be opened, or opened anew */
static _Thread_local char context_text[80];

struct line {
    char text[LINE_MAX_BYTES];
    size_t len;  /* one byte is always left for the newline */
    size_t head; /* bytes of what syslog(3) adds by itself */
    size_t said; /* where what is said begins, behind time, program, level and context */
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

static void line_time(struct line *l)
{
    struct timespec now;
    struct tm utc;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (!gmtime_r(&now.tv_sec, &utc))
        return;
    l->len += strftime(l->text + l->len, sizeof l->text - l->len, "%FT%T", &utc);
    line_printf(l, ".%03dZ ", (int)(now.tv_nsec / 1000000));
}

/* Blanks stand for what is not plain text: a text from outside could forge lines with it. */
static void line_clean(struct line *l)
{
    uint8_t *at = (uint8_t *)l->text, *end = at + l->len;
    while (at < end) {
        size_t len = utf8_length(at, end);
        if (!len || !utf8_is_plain(at, len))
            memset(at, ' ', len ? len : 1);
        at += len ? len : 1;
    }
}

static void line_begin(struct line *l, const struct level *level)
{
    l->len = 0;
    if (!to_person)
        line_time(l);
    line_printf(l, "%s[%ld] ", program_name, (long)getpid());
    l->head = l->len;
    line_printf(l, "%s: ", level->word);
    l->said = l->len;
}

/* Opens the place. One that cannot be opened is left for standard error as it is. */
static void open_place(void)
{
    if (place.to == LOG_TO_SYSLOG) {
        openlog(program_name, LOG_PID, LOG_DAEMON);
    } else if (place.to == LOG_TO_FILE && !rotate_open(&place.file, STDERR_FILENO)) {
        place.to = LOG_TO_STDERR;
        fprintf(stderr, "%s: cannot open %s: %m\n", program_name, place.file.path);
    }
}

/* Appends clean text as the inside of a JSON string, as far as there is room behind it. */
static void line_quote(struct line *l, const char *text, size_t len)
{
    for (size_t at = 0, step; at < len; at += step) {
        step = utf8_length((const uint8_t *)text + at, (const uint8_t *)text + len);
        if (l->len + step + sizeof "\\\"}\n" > sizeof l->text)
            return;
        if (text[at] == '"' || text[at] == '\\')
            l->text[l->len++] = '\\';
        memcpy(l->text + l->len, text + at, step);
        l->len += step;
    }
}

/* A line that is clean, as JSON. */
static struct line line_json(const struct line *l, const struct level *level)
{
    struct line json = {.len = 0};
    line_printf(&json, "{\"time\":\"%.24s\",\"program\":\"%s\",\"pid\":%ld,\"level\":\"%s\",",
        l->text, program_name, (long)getpid(), level->word);
    if (context_text[0]) {
        line_printf(&json, "\"id\":\"");
        line_quote(&json, context_text, strlen(context_text));
        line_printf(&json, "\",");
    }
    line_printf(&json, "\"message\":\"");
    line_quote(&json, l->text + l->said, l->len - l->said);
    line_printf(&json, "\"}");
    return json;
}

/* Nobody is left to tell when the line is not taken. */
static void line_write(struct line *l, const struct level *level)
{
    line_clean(l);
    if (place.json && place.to != LOG_TO_SYSLOG && !to_person)
        *l = line_json(l, level);
    if (atomic_exchange(&reopen, false))
        open_place();
    l->text[l->len++] = '\n';
    if (place.to == LOG_TO_SYSLOG)
        syslog(level->priority, "%.*s", (int)(l->len - l->head - 1), l->text + l->head);
    else if (place.to == LOG_TO_FILE)
        rotate_append(&place.file, STDERR_FILENO, l->text, l->len);
    else
        (void)!write(STDERR_FILENO, l->text, l->len);
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void tell_left_out(int64_t now)
{
    const char *kind;
    for (unsigned count; (count = flood_left_out(now, &kind));) {
        struct line l;
        line_begin(&l, &warning);
        line_printf(&l, "%u left out, like this: %s", count, kind);
        line_write(&l, &warning);
    }
}

/* Is a line of this format wanted? Tells of those that were left out. */
static bool admit(const struct level *level, const char *format)
{
    if (level->level > place.level)
        return false;
    if (to_person || level == &fatal)
        return true;
    int64_t now = now_ms();
    tell_left_out(now);
    return flood_take(format, now);
}

static void log_line(const struct level *level, const char *cause, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void log_line(const struct level *level, const char *cause, const char *format, va_list args)
{
    int saved = errno;
    pthread_mutex_lock(&lock);
    if (admit(level, format)) {
        struct line l;
        line_begin(&l, level);
        if (context_text[0])
            line_printf(&l, "[%s] ", context_text);
        l.said = l.len;
        line_vprintf(&l, format, args);
        if (cause)
            line_printf(&l, ": %s", cause);
        line_write(&l, level);
    }
    pthread_mutex_unlock(&lock);
    errno = saved;
}

void log_open(const char *program)
{
    program_name = program;
}

void log_to_person(void)
{
    to_person = true;
}

void log_to(const struct log_place *to)
{
    pthread_mutex_lock(&lock);
    place = *to;
    atomic_store(&reopen, true);
    pthread_mutex_unlock(&lock);
}

void log_settle(void)
{
    pthread_mutex_lock(&lock);
    if (atomic_exchange(&reopen, false))
        open_place();
    pthread_mutex_unlock(&lock);
}

void log_reopen(void)
{
    atomic_store(&reopen, true);
}

void log_context(const char *context)
{
    snprintf(context_text, sizeof context_text, "%s", context);
}

void log_info(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line(&info, NULL, format, args);
    va_end(args);
}

void log_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line(&warning, NULL, format, args);
    va_end(args);
}

void log_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line(&error, NULL, format, args);
    va_end(args);
}

void log_errno(const char *format, ...)
{
    char text[128];
    va_list args;
    va_start(args, format);
    log_line(&error, strerror_r(errno, text, sizeof text), format, args);
    va_end(args);
}

void log_die(int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line(&fatal, NULL, format, args);
    va_end(args);
    exit(status);
}
