/*
 * fx-http - makes the requests of HTTP steps for one fx-runner, which starts it with
 * the home and the version of its frames as its arguments, sends one call after another to its
 * stdin (frame.h) and reads the replies from its stdout. Ends when its stdin closes.
 *
 * fx-http is a program of its own, since libcurl and libcrypto take several times as long to
 * load as a runner of scripts takes to start, and several times a runner's memory.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/fresh.h"
#include "base/log.h"
#include "home/logs.h"
#include "home/need.h"
#include "http/http_call.h"
#include "http/http_client.h"

#define READ_STEP 65536
#define OWN_ARGUMENTS 2 /* the program, the home */

static void send_all(struct span bytes)
{
    while (bytes.len) {
        ssize_t n = write(STDOUT_FILENO, bytes.data, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            _exit(0); /* the runner is gone */
        bytes = span_of(bytes.data + n, bytes.len - (size_t)n);
    }
}

static void handle(const struct home *home, enum frame_type type, struct span body)
{
    struct frame_call call;
    struct buf out = BUF_INIT;
    char id[UUID_TEXT];
    if (type != FRAME_CALL || !frame_get_call(body, &call))
        log_die(EXIT_FIX, "fx-runner sent what cannot be read");
    uuid_format(&call.execution, id);
    log_context(id);
    http_call(home, &call, &out);
    send_all(buf_span(&out));
    buf_done(&out);
    log_context("");
}

int main(int argc, char **argv)
{
    static struct home home;
    struct buf in = BUF_INIT;
    log_open("fx-http");
    fresh_begin();
    if (argc != OWN_ARGUMENTS && argc != OWN_ARGUMENTS + 1) {
        log_error("is started by fx-runner, not by hand");
        return EXIT_FIX;
    }
    if (!frame_is_understood(argc, argv, OWN_ARGUMENTS) || home_open(argv[1], &home))
        return EXIT_FIX;
    logs_begin(&home, "dispatcher");
    logs_heed_hangup();
    signal(SIGPIPE, SIG_IGN);
    need_only(&home, NEED_OUTSIDE);
    for (;;) {
        enum frame_type type;
        struct span body;
        size_t taken;
        bool bad;
        while (frame_next(buf_span(&in), &type, &body, &taken, &bad)) {
            handle(&home, type, body);
            buf_drop(&in, taken);
        }
        if (bad)
            log_die(EXIT_FIX, "fx-runner sent what cannot be read");
        buf_reserve(&in, READ_STEP);
        ssize_t n = read(STDIN_FILENO, in.data + in.len, READ_STEP);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        in.len += (size_t)n;
    }
    http_client_close();
    buf_done(&in);
    return 0;
}
