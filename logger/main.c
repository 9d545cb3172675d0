/*
 * fx-log - writes what it reads into log/NAME.log of a home, which is bounded and kept as the
 * settings say (home/logs.h), until its input ends. It is for the logs of a web server, which
 * would otherwise grow for as long as anybody sends requests:
 *
 *   server.errorlog = "|\"$FX_CGI_BIN/fx-log\" lighttpd"
 *
 * It finds the home as all programs do. Where there is none to be found it exits with 100.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/fresh.h"
#include "base/log.h"
#include "home/logs.h"

#define READ_BYTES 65536
/* A longer line keeps its two ends, so that one request cannot push many others out. */
#define HEAD_BYTES 1536
#define TAIL_BYTES 384

static const char gap[] = " ... ";

/* Lines that have been read; what stands behind the last line end is to be continued. */
static struct {
    char bytes[READ_BYTES];
    size_t len;
} in;

static char out[READ_BYTES];

static size_t shorten(const char *line, size_t len, char *ret)
{
    if (len <= HEAD_BYTES + sizeof gap - 1 + TAIL_BYTES) {
        memcpy(ret, line, len);
        return len;
    }
    char *at = ret;
    at = mempcpy(at, line, HEAD_BYTES);
    at = mempcpy(at, gap, sizeof gap - 1);
    at = mempcpy(at, line + len - TAIL_BYTES, TAIL_BYTES);
    return (size_t)(at - ret);
}

/* Writes the lines that are whole, or all where `ends`, and keeps the rest. */
static void write_lines(const struct rotate *file, int fd, bool ends)
{
    size_t written = 0, at = 0;
    while (at < in.len) {
        const char *end = memchr(in.bytes + at, '\n', in.len - at);
        if (!end && !ends)
            break;
        size_t len = end ? (size_t)(end - in.bytes) - at : in.len - at;
        written += shorten(in.bytes + at, len, out + written);
        if (end)
            out[written++] = '\n';
        at += len + (end != NULL);
    }
    rotate_append(file, fd, out, written);
    memmove(in.bytes, in.bytes + at, in.len - at);
    in.len -= at;
}

static atomic_bool hung_up; /* the file is to be opened anew: somebody has renamed it */

static void on_hangup(int number)
{
    (void)number;
    atomic_store(&hung_up, true);
}

/* What cannot be opened anew goes on into the file as it is. */
static void heed_hangup(const struct rotate *file, int fd)
{
    if (atomic_exchange(&hung_up, false) && !rotate_open(file, fd))
        log_errno("cannot open %s", file->path);
}

int main(int argc, char **argv)
{
    static struct home home;
    static char path[PATH_MAX];
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    log_open("fx-log");
    fresh_begin();
    if (argc != 2 || strchr(argv[1], '/')) {
        log_error("takes the name of a log");
        return EXIT_FIX;
    }
    if (home_open(NULL, &home))
        return EXIT_FIX;
    fresh_alone();
    /* Its input ends with those who write to it, who may have a last word when they are stopped. */
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGHUP, on_hangup);
    sigprocmask(SIG_UNBLOCK, &hangup, NULL);
    struct rotate file = logs_file(&home, argv[1], path);
    if (!rotate_open(&file, STDERR_FILENO))
        log_die(EXIT_FIX, "cannot open %s: %s", path, strerror(errno));
    for (;;) {
        ssize_t n = read(STDIN_FILENO, in.bytes + in.len, sizeof in.bytes - in.len);
        if (n < 0 && errno == EINTR)
            continue;
        heed_hangup(&file, STDERR_FILENO);
        in.len += n > 0 ? (size_t)n : 0;
        write_lines(&file, STDERR_FILENO, n <= 0 || in.len == sizeof in.bytes);
        if (n <= 0)
            return 0;
    }
}
