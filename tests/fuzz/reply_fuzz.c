/*
 * reply_fuzz - what a server answers an HTTP step with, byte for byte; the first byte is no part
 * of it. What became of the call is told within its bounds.
 */
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/http_call.h"
#include "model/event.h"

#define KEEP_BYTES 256 /* of a reply's body */

static int listener;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct span answer; /* under the lock, and empty once its call has ended */
static char url[64];

static void set_answer(struct span text)
{
    pthread_mutex_lock(&lock);
    answer = text;
    pthread_mutex_unlock(&lock);
}

static void send_answer(int peer)
{
    pthread_mutex_lock(&lock);
    (void)!send(peer, answer.data, answer.len, MSG_NOSIGNAL);
    pthread_mutex_unlock(&lock);
}

/* Answers one connection after the other: what was asked is read before its end is waited for. */
static void *serve(void *unused)
{
    char asked[8192];
    for (;;) {
        int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        require(peer >= 0);
        if (read(peer, asked, sizeof asked) > 0)
            send_answer(peer);
        shutdown(peer, SHUT_WR);
        while (read(peer, asked, sizeof asked) > 0)
            ;
        close(peer);
    }
    return unused;
}

static void start_server(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    pthread_t thread;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(bind(listener, (struct sockaddr *)&address, len) == 0 && listen(listener, 16) == 0);
    require(getsockname(listener, (struct sockaddr *)&address, &len) == 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    require(pthread_create(&thread, NULL, serve, NULL) == 0);
}

static void make_call(const struct home *home, bool structured, struct buf *out)
{
    struct event event = {.data_kind = EVENT_DATA_JSON,
        .source = span_str("/s"),
        .type = span_str("t"),
        .data = span_str("{}")};
    struct buf record = BUF_INIT;
    event_encode(&event, &record);
    struct frame_call call = {.execution = uuid_new(),
        .attempt = 1,
        .timeout_ms = 5000,
        .url = span_str(url),
        .structured = structured,
        .event = buf_span(&record)};
    http_call(home, &call, out);
    buf_done(&record);
}

static void check_outcome(struct span frame)
{
    enum frame_type type;
    struct span body;
    struct frame_reply reply;
    size_t taken;
    bool bad;
    require(frame_next(frame, &type, &body, &taken, &bad) && taken == frame.len);
    require(type == FRAME_REPLY && frame_get_reply(body, &reply));
    require((reply.end == REPLY_GOOD || reply.end == REPLY_TIMED_OUT) == !reply.error.len);
    require(!reply.error.len || !memchr(reply.error.data, '\n', reply.error.len));
    require(reply.log.len <= KEEP_BYTES + 64 && reply.retry_after_ms >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct home home;
    struct buf out = BUF_INIT;
    if (!listener) {
        start_server();
        config_defaults(&home.config);
        snprintf(home.config.http_allow, sizeof home.config.http_allow, "127.0.0.1");
        home.config.step_response_bytes = KEEP_BYTES;
    }
    set_answer(size ? span_of(data + 1, size - 1) : span_str(""));
    make_call(&home, size && data[0] & 1, &out);
    set_answer(span_str(""));
    check_outcome(buf_span(&out));
    buf_done(&out);
    return 0;
}
