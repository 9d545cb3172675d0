/*
 * aside_test - connections that wait for their peer: until a request has arrived whole, or
 * breaks off; until a reply has been taken; until time is up, or the peer is too slow.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "temp.h"
#include "web/aside.h"

#define ASIDE_MAX 512
#define MANY (ASIDE_MAX + 3)
#define LONG_REPLY 3000000

/* BEGIN, an empty stream of parameters, a body of one byte and its end. */
static const char request[] = "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"
                              "\1\4\0\1\0\0\0\0"
                              "\1\5\0\1\0\1\0\0x"
                              "\1\5\0\1\0\0\0\0";
#define REQUEST (sizeof request - 1)
#define PARAMS 24 /* bytes of the request up to the end of its parameters */
#define BODY_MOST 1000
#define SILENCE 2  /* seconds after which a peer is given up */
#define LEAST 5000 /* bytes a second that are expected of a peer */

static struct temp temp;
static int aside_fd; /* opened once: there is one set a process */

struct pair {
    int connection, peer;
};

static struct pair pair_make(void)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    return (struct pair){ends[0], ends[1]};
}

static void say(const struct pair *pair, size_t from, size_t to)
{
    assert_int_equal(send(pair->peer, request + from, to - from, 0), to - from);
}

/* A sender is told by one letter, the value of a parameter without a name. */
static struct uuid sender_of(char **variables)
{
    struct uuid sender = UUID_NONE;
    if (variables[0])
        sender.bytes[0] = (uint8_t)variables[0][1];
    return sender;
}

/* Sends the beginning of a request with its parameters, or a part of them. */
static void say_sender(const struct pair *pair, const char *letter)
{
    static const char params[] = "\1\4\0\1\0\3\0\0\0\1";
    say(pair, 0, 16);
    assert_int_equal(send(pair->peer, params, sizeof params - 1, 0), sizeof params - 1);
    assert_int_equal(send(pair->peer, letter, 1, 0), 1);
    say(pair, 16, PARAMS);
}

/* `letter`: the sender of the request; "": it is not known. */
static void reply_to(const struct pair *pair, struct buf *reply, const char *letter)
{
    struct arrival arrival = {.connection = pair->connection};
    if (*letter) {
        arrival.request.variables = mem_alloc(2 * sizeof(char *));
        buf_printf(&arrival.request.params, "=%s", letter);
        arrival.request.variables[0] = (char *)arrival.request.params.data;
    }
    aside_reply(&arrival, reply);
}

/* Is there something to see to, at once? */
static bool is_awake(void)
{
    struct pollfd more = {.fd = aside_fd, .events = POLLIN};
    return poll(&more, 1, 0) == 1;
}

/* Nothing goes on telling that there is: a tick of the timer, at most, is seen to. */
static bool is_calm(void)
{
    struct arrival arrival;
    for (int i = 0; i < 100 && is_awake(); i++)
        assert_false(aside_next(&arrival));
    return !is_awake();
}

/* Waits for what is set aside until a connection comes out of it. */
static struct arrival wait_for_arrival(void)
{
    struct arrival arrival;
    while (!aside_next(&arrival)) {
        struct pollfd more = {.fd = aside_fd, .events = POLLIN};
        assert_false(aside_is_empty());
        assert_int_equal(poll(&more, 1, 20000), 1);
    }
    return arrival;
}

/* Reads to the end of the connection. How many bytes came; each must be `byte`. */
static size_t read_all(int peer, char byte)
{
    static char bytes[65536];
    size_t len = 0;
    for (ssize_t n; (n = recv(peer, bytes, sizeof bytes, 0)) > 0; len += (size_t)n)
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(bytes[i], byte);
    return len;
}

static int setup(void **state)
{
    (void)state;
    temp_make(&temp); /* takes the log */
    assert_true(aside_is_empty());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_remove(&temp);
    return aside_is_empty() ? 0 : -1;
}

static bool take_request(const struct pair *pair, struct arrival *ret_arrival)
{
    return aside_request(pair->connection, BODY_MOST, ret_arrival);
}

static void arrival_done(const struct pair *pair, struct arrival *arrival)
{
    assert_int_equal(arrival->connection, pair->connection);
    records_done(&arrival->request);
    close(pair->connection);
    close(pair->peer);
}

static void check_whole(const struct arrival *arrival)
{
    assert_int_equal(arrival->request.is, RECORDS_WHOLE);
    assert_int_equal(arrival->request.came, REQUEST);
    assert_string_equal(buf_text(&arrival->request.body), "x");
    assert_null(arrival->request.variables[0]);
}

/* Requests. */

static void whole_request_is_not_set_aside(void **state)
{
    struct pair pair = pair_make();
    struct arrival arrival;
    (void)state;
    say(&pair, 0, REQUEST);
    assert_true(take_request(&pair, &arrival));
    check_whole(&arrival);
    arrival_done(&pair, &arrival);
}

/* Each piece is taken, however many there are, and until the last nothing comes of it. */
static void part_waits_for_the_rest(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 8; piece++) {
        struct pair pair = pair_make();
        struct arrival arrival;
        assert_false(take_request(&pair, &arrival));
        assert_true(is_calm());
        for (size_t len = 0; len < REQUEST - 1; len += piece) {
            say(&pair, len, len + piece < REQUEST ? len + piece : REQUEST - 1);
            assert_true(is_awake());
            assert_true(is_calm());
        }
        say(&pair, REQUEST - 1, REQUEST);
        assert_true(aside_next(&arrival));
        check_whole(&arrival);
        arrival_done(&pair, &arrival);
    }
}

/* What arrives between the first look and the waiting is not missed. */
static void part_that_was_there_is_seen(void **state)
{
    struct pair pair = pair_make();
    struct arrival arrival;
    (void)state;
    say(&pair, 0, 20);
    assert_false(take_request(&pair, &arrival));
    say(&pair, 20, REQUEST);
    arrival = wait_for_arrival();
    check_whole(&arrival);
    arrival_done(&pair, &arrival);
}

/* A body larger than a socket holds, and larger than is kept. */
static void long_request_is_taken_as_it_comes(void **state)
{
    static char record[8 + 65528] = "\1\5\0\1\377\370\0\0";
    struct pair pair = pair_make();
    struct arrival arrival;
    (void)state;
    say(&pair, 0, PARAMS);
    assert_false(take_request(&pair, &arrival));
    for (int i = 0; i < 40; i++) {
        for (size_t at = 0; at < sizeof record;) {
            ssize_t n = send(pair.peer, record + at, sizeof record - at, MSG_DONTWAIT);
            assert_true(n > 0 || errno == EAGAIN);
            at += n > 0 ? (size_t)n : 0;
            assert_false(aside_next(&arrival));
        }
    }
    say(&pair, REQUEST - 8, REQUEST);
    arrival = wait_for_arrival();
    assert_int_equal(arrival.request.is, RECORDS_WHOLE);
    assert_int_equal(arrival.request.came, PARAMS + 40 * sizeof record + 8);
    assert_int_equal(arrival.request.body.len, BODY_MOST);
    arrival_done(&pair, &arrival);
}

/* With its parameters it can be answered, without them it is closed. */
static void peer_that_goes_ends_its_request(void **state)
{
    (void)state;
    for (int before = 0; before < 2; before++) {
        for (size_t len = 0; len < 35; len += 5) {
            struct pair pair = pair_make();
            struct arrival arrival;
            bool at_once, answerable = len >= PARAMS;
            say(&pair, 0, len);
            if (before)
                assert_int_equal(shutdown(pair.peer, SHUT_WR), 0);
            at_once = take_request(&pair, &arrival);
            assert_true(before || !at_once);
            if (!before)
                assert_int_equal(shutdown(pair.peer, SHUT_WR), 0);
            if (answerable) {
                arrival = at_once ? arrival : wait_for_arrival();
                assert_int_equal(arrival.request.is, RECORDS_BROKEN);
                arrival_done(&pair, &arrival);
            } else {
                assert_false(!aside_is_empty() && aside_next(&arrival));
                assert_int_equal(read_all(pair.peer, 0), 0);
                close(pair.peer);
            }
            assert_true(aside_is_empty());
        }
    }
}

/* It is as if the peer had ended it, and can be answered. */
static void silent_request_is_given_up(void **state)
{
    struct pair pair = pair_make(), early = pair_make();
    struct arrival arrival;
    char bytes[64];
    (void)state;
    say(&pair, 0, PARAMS + 2);
    say(&early, 0, PARAMS - 2);
    assert_false(take_request(&early, &arrival));
    assert_false(take_request(&pair, &arrival));
    arrival = wait_for_arrival();
    assert_int_equal(arrival.request.is, RECORDS_BROKEN);
    assert_int_equal(read_all(early.peer, 0), 0);
    close(early.peer);
    assert_int_equal(send(pair.connection, "no", 2, MSG_NOSIGNAL), 2);
    assert_int_equal(recv(pair.peer, bytes, sizeof bytes, 0), 2);
    arrival_done(&pair, &arrival);
}

/* Nobody looked for so long that the peer would count as silent, but it was not. */
static void what_came_meanwhile_counts(void **state)
{
    struct pair pair = pair_make();
    struct arrival arrival;
    (void)state;
    say(&pair, 0, 20);
    assert_false(take_request(&pair, &arrival));
    sleep(SILENCE + 1);
    say(&pair, 20, REQUEST);
    arrival = wait_for_arrival();
    check_whole(&arrival);
    arrival_done(&pair, &arrival);
}

/* It is never silent for as long as that, and would not be done for minutes. */
static void slow_request_is_given_up(void **state)
{
    static const char head[] = "\1\5\0\1\377\370\0";
    struct pair pair = pair_make();
    struct arrival arrival;
    bool ended = false;
    (void)state;
    say(&pair, 0, PARAMS);
    assert_false(take_request(&pair, &arrival));
    assert_int_equal(send(pair.peer, head, sizeof head, 0), sizeof head);
    for (int i = 0; i < 3000 && !ended; i++) {
        struct pollfd more = {.fd = aside_fd, .events = POLLIN};
        (void)poll(&more, 1, 100);
        ended = aside_next(&arrival);
        if (i % 2 == 0)
            assert_int_equal(send(pair.peer, "b", 1, MSG_NOSIGNAL), 1);
    }
    assert_true(ended);
    assert_int_equal(arrival.request.is, RECORDS_BROKEN);
    arrival_done(&pair, &arrival);
}

static void most_silent_makes_room(void **state)
{
    static struct pair pairs[MANY];
    struct arrival arrival;
    char byte;
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        pairs[i] = pair_make();
        assert_false(take_request(&pairs[i], &arrival));
        if (i == ASIDE_MAX - 1) { /* the first is heard of again, and stays */
            say(&pairs[0], 0, 1);
            assert_false(aside_next(&arrival));
        }
    }
    assert_true(temp_logged(&temp, "more than 512 connections wait"));
    for (size_t i = 0; i < MANY; i++) {
        ssize_t n = recv(pairs[i].peer, &byte, 1, MSG_DONTWAIT);
        assert_int_equal(n, i >= 1 && i <= 3 ? 0 : -1);
        close(pairs[i].peer);
        if (n)
            assert_false(aside_next(&arrival));
    }
}

static bool is_closed(int peer)
{
    char byte;
    return recv(peer, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

/* However silent the others are: who has few keeps them. */
static void most_silent_of_whom_most_are_makes_room(void **state)
{
    static struct pair pairs[MANY];
    struct arrival arrival;
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        pairs[i] = pair_make();
        say_sender(&pairs[i], i < 100 ? "a" : i < 200 ? "b" : i < MANY - 1 ? "c" : "d");
        assert_false(take_request(&pairs[i], &arrival));
    }
    for (size_t i = 0; i < MANY; i++) {
        if (is_closed(pairs[i].peer) != (i >= 200 && i < 203))
            fail_msg("%zu", i);
        close(pairs[i].peer);
    }
    for (size_t i = 0; i < ASIDE_MAX; i++) {
        assert_true(aside_next(&arrival));
        close(arrival.connection);
        records_done(&arrival.request);
    }
}

/* Replies. */

static struct buf make_reply(size_t len)
{
    struct buf reply = BUF_INIT;
    for (size_t i = 0; i < len; i++)
        buf_add_char(&reply, 'r');
    return reply;
}

static void short_reply_is_sent_at_once(void **state)
{
    struct pair pair = pair_make();
    struct buf reply = make_reply(1000);
    (void)state;
    reply_to(&pair, &reply, "");
    assert_true(aside_is_empty());
    assert_int_equal(read_all(pair.peer, 'r'), 1000);
    close(pair.peer);
}

static void reply_to_nobody_is_dropped(void **state)
{
    (void)state;
    for (size_t len = 1; len <= LONG_REPLY; len += LONG_REPLY - 1) {
        struct pair pair = pair_make();
        struct buf reply = make_reply(len);
        close(pair.peer);
        reply_to(&pair, &reply, "");
        assert_true(aside_is_empty());
    }
}

static void *read_reply(void *context)
{
    size_t *len = context;
    *len = read_all((int)*len, 'r');
    return NULL;
}

/* A reply that the socket cannot hold goes out as its peer takes it. */
static void long_reply_is_taken_bit_by_bit(void **state)
{
    struct pair pair = pair_make();
    struct buf reply = make_reply(LONG_REPLY);
    struct arrival arrival;
    size_t taken = (size_t)pair.peer;
    pthread_t reader;
    (void)state;
    reply_to(&pair, &reply, "");
    assert_false(aside_is_empty());
    assert_true(is_calm());
    assert_int_equal(pthread_create(&reader, NULL, read_reply, &taken), 0);
    while (!aside_is_empty()) {
        struct pollfd more = {.fd = aside_fd, .events = POLLIN};
        assert_true(poll(&more, 1, 20000) == 1 || aside_is_empty());
        assert_false(aside_next(&arrival));
    }
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_int_equal(taken, LONG_REPLY);
    close(pair.peer);
}

/* However many there are, they take up no more than so much memory. */
static void replies_have_a_bound_in_bytes(void **state)
{
    enum { REPLIES = 30, ROOM = 64 << 20 };
    struct pair pairs[REPLIES];
    struct arrival arrival;
    char byte;
    (void)state;
    struct pair asking = pair_make(); /* awaits a request, silent the longest, and stays */
    assert_false(take_request(&asking, &arrival));
    for (size_t i = 0; i < REPLIES; i++) {
        struct buf reply = make_reply(LONG_REPLY);
        assert_true(reply.cap == 4 << 20);
        pairs[i] = pair_make();
        reply_to(&pairs[i], &reply, "");
    }
    assert_true(temp_logged(&temp, "replies of more than 67108864 bytes wait"));
    for (size_t i = 0; i < REPLIES; i++) {
        size_t came = 0;
        ssize_t n;
        while ((n = recv(pairs[i].peer, &byte, 1, MSG_DONTWAIT | MSG_PEEK)) == 1 && came < 1 << 20)
            came += (size_t)recv(pairs[i].peer, (char[4096]){0}, 4096, MSG_DONTWAIT);
        bool given_up = n == 0;
        assert_int_equal(given_up, i < REPLIES - ROOM / (4 << 20));
        close(pairs[i].peer);
    }
    say(&asking, 0, REQUEST);
    arrival = wait_for_arrival();
    arrival_done(&asking, &arrival);
    while (!aside_is_empty())
        assert_false(aside_next(&arrival));
}

/* One of them has the oldest reply, and few bytes; the other has the bound to itself. */
static void most_bytes_make_room(void **state)
{
    enum { REPLIES = 20 };
    struct pair pairs[REPLIES];
    struct arrival arrival;
    (void)state;
    for (size_t i = 0; i < REPLIES; i++) {
        struct buf reply = make_reply(LONG_REPLY);
        pairs[i] = pair_make();
        reply_to(&pairs[i], &reply, i < 3 ? "few" : "many");
    }
    for (size_t i = 0; i < REPLIES; i++) {
        size_t len = i >= 3 && i < 7 ? read_all(pairs[i].peer, 'r') : 0;
        assert_true(len < LONG_REPLY);
        assert_int_equal(is_closed(pairs[i].peer), len > 0);
        close(pairs[i].peer);
    }
    while (!aside_is_empty())
        assert_false(aside_next(&arrival));
}

static void one_reply_may_be_larger_than_the_bound(void **state)
{
    struct pair pairs[2] = {pair_make(), pair_make()};
    struct buf small = make_reply(LONG_REPLY), large = make_reply((64 << 20) + 1);
    struct arrival arrival;
    (void)state;
    reply_to(&pairs[0], &small, "");
    reply_to(&pairs[1], &large, "");
    assert_false(aside_is_empty());
    assert_in_range(read_all(pairs[0].peer, 'r'), 1, LONG_REPLY - 1);
    close(pairs[0].peer);
    close(pairs[1].peer);
    while (!aside_is_empty())
        assert_false(aside_next(&arrival));
}

/* The first has gone; the second stays, and does not read. */
static void reply_that_nobody_takes_is_given_up(void **state)
{
    (void)state;
    for (int stays = 0; stays < 2; stays++) {
        struct pair pair = pair_make();
        struct buf reply = make_reply(LONG_REPLY);
        struct arrival arrival;
        reply_to(&pair, &reply, "");
        assert_false(aside_is_empty());
        if (!stays)
            close(pair.peer);
        while (!aside_is_empty()) {
            struct pollfd more = {.fd = aside_fd, .events = POLLIN};
            assert_int_equal(poll(&more, 1, 20000), 1);
            assert_false(aside_next(&arrival));
        }
        if (stays) {
            assert_in_range(read_all(pair.peer, 'r'), 1, LONG_REPLY - 1);
            close(pair.peer);
        }
    }
}

/* The little that the socket holds is taken again and again, before the peer counts as silent. */
static void reply_that_is_taken_slowly_is_given_up(void **state)
{
    struct pair pair = pair_make();
    struct buf reply = make_reply(LONG_REPLY);
    struct arrival arrival;
    size_t taken = 0;
    int small = 1; /* as small as the system lets it be */
    (void)state;
    assert_int_equal(setsockopt(pair.connection, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    reply_to(&pair, &reply, "");
    for (int i = 0; i < 600 && !aside_is_empty(); i++) {
        struct pollfd more = {.fd = aside_fd, .events = POLLIN};
        char bytes[8192];
        (void)poll(&more, 1, 50);
        assert_false(aside_next(&arrival));
        ssize_t n = i % 30 ? 0 : recv(pair.peer, bytes, sizeof bytes, MSG_DONTWAIT);
        taken += n > 0 ? (size_t)n : 0;
    }
    assert_true(aside_is_empty());
    assert_in_range(taken + read_all(pair.peer, 'r'), 1, LONG_REPLY - 1);
    close(pair.peer);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(whole_request_is_not_set_aside),
        TEST(part_waits_for_the_rest),
        TEST(part_that_was_there_is_seen),
        TEST(long_request_is_taken_as_it_comes),
        TEST(peer_that_goes_ends_its_request),
        TEST(silent_request_is_given_up),
        TEST(what_came_meanwhile_counts),
        TEST(slow_request_is_given_up),
        TEST(most_silent_makes_room),
        TEST(most_silent_of_whom_most_are_makes_room),
        TEST(short_reply_is_sent_at_once),
        TEST(reply_to_nobody_is_dropped),
        TEST(long_reply_is_taken_bit_by_bit),
        TEST(replies_have_a_bound_in_bytes),
        TEST(most_bytes_make_room),
        TEST(one_reply_may_be_larger_than_the_bound),
        TEST(reply_that_nobody_takes_is_given_up),
        TEST(reply_that_is_taken_slowly_is_given_up),
    };
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max; /* for two descriptors of each of the many */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    aside_fd = aside_open(
        (struct patience){.timeout_seconds = SILENCE, .least_bytes_per_second = LEAST}, sender_of);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
