/*
 * channel_test - a body is read to its end before the reply goes out, and standard input
 * of a CGI process only as far as the body goes, and for no longer than there is patience.
 */
#include "fake_channel.h"
#include "temp.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A peer that never comes to an end. */
static size_t endless_taken;

static ssize_t endless_read(struct channel *channel, void *buffer, size_t len)
{
    (void)channel;
    memset(buffer, 'x', len);
    endless_taken += len;
    return (ssize_t)len;
}

static void drained_to_the_end_before_the_reply(void **state)
{
    struct fake fake;
    (void)state;
    uint8_t *bytes = mem_alloc(300000);
    memset(bytes, 'x', 300000);
    fake_init(&fake);
    fake.body = span_of(bytes, 300000);
    fake.piece = 1000;
    channel_send(&fake.channel, span_str("Status: 200 OK\r\n\r\n"), SPAN_NONE);
    assert_int_equal(fake.taken, 300000);
    assert_true(fake.drained);
    assert_int_equal(fake_status(&fake), 200);
    fake_done(&fake);
    free(bytes);
}

static void ended_once_is_ended(void **state)
{
    struct fake fake;
    char byte;
    (void)state;
    for (int i = 0; i < 2; i++) {
        fake_init(&fake);
        fake.goes_off = i;
        assert_int_equal(channel_read(&fake.channel, &byte, 1), i ? -1 : 0);
        assert_int_equal(channel_read(&fake.channel, &byte, 1), 0);
        channel_drain(&fake.channel);
        assert_int_equal(fake.reads, 1);
        fake_done(&fake);
    }
}

static void endless_body_is_given_up(void **state)
{
    struct fake fake;
    (void)state;
    fake_init(&fake);
    fake.channel.read = endless_read;
    endless_taken = 0;
    channel_send(&fake.channel, span_str("Status: 404 Not Found\r\n\r\n"), SPAN_NONE);
    assert_in_range(endless_taken, 32 << 20, (32 << 20) + 65536);
    assert_int_equal(fake_status(&fake), 404);
    fake_done(&fake);
}

/* CGI. */

static const struct {
    const char *variables[2];
    const char *input, *body;
} cgi_cases[] = {
    {{"CONTENT_LENGTH=5"}, "12345", "12345"},
    {{"CONTENT_LENGTH=5"}, "123456789", "12345"},
    {{"CONTENT_LENGTH=5"}, "123", "123"},
    {{"CONTENT_LENGTH=0"}, "123", ""},
    {{"CONTENT_LENGTH="}, "123", ""},
    {{"CONTENT_LENGTH=x"}, "123", ""},
    {{NULL}, "123", ""},
    {{"CONTENT_LENGTH=99999999999999999999"}, "123", "123"},
    {{"HTTP_TRANSFER_ENCODING=chunked"}, "123", "123"},
    {{"HTTP_TRANSFER_ENCODING=chunked", "CONTENT_LENGTH="}, "123", "123"},
    {{"HTTP_TRANSFER_ENCODING=chunked", "CONTENT_LENGTH=2"}, "123", "12"},
    {{"XCONTENT_LENGTH=2"}, "123", ""},
};

static const struct patience patience = {.timeout_seconds = 1, .least_bytes_per_second = 100000};

static void cgi_reads_the_body_and_no_further(void **state)
{
    (void)state;
    int before = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    for (size_t i = 0; i < COUNT(cgi_cases); i++) {
        char *variables[3] = {NULL}, body[16] = "", rest[16] = "";
        int ends[2];
        size_t len = strlen(cgi_cases[i].body), got = 0;
        for (size_t k = 0; k < 2 && cgi_cases[i].variables[k]; k++)
            variables[k] = mem_strdup(cgi_cases[i].variables[k]);
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(write(ends[1], cgi_cases[i].input, strlen(cgi_cases[i].input)),
            strlen(cgi_cases[i].input));
        close(ends[1]);
        assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
        close(ends[0]);
        struct channel *channel = cgi_channel(variables, patience);
        for (ssize_t n; (n = channel_read(channel, body + got, sizeof body - 1 - got)) > 0;)
            got += (size_t)n;
        channel_drain(channel);
        assert_string_equal(body, cgi_cases[i].body);
        assert_int_equal(read(STDIN_FILENO, rest, sizeof rest), strlen(cgi_cases[i].input) - len);
        free(variables[0]);
        free(variables[1]);
    }
    assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
    close(before);
}

/* A front end that holds the pipe open and sends nothing more. */
static void cgi_does_not_wait_for_ever(void **state)
{
    char variable[] = "CONTENT_LENGTH=5", *variables[] = {variable, NULL}, body[16];
    int ends[2], before = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], "123", 3), 3);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    struct channel *channel = cgi_channel(variables, patience);
    assert_int_equal(channel_read(channel, body, sizeof body), 3);
    assert_int_equal(channel_read(channel, body, sizeof body), -1);
    assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
    close(before);
    close(ends[0]);
    close(ends[1]);
}

/* Does this again and again, ten times a second, in a process of its own. */
static pid_t again_and_again(void (*act)(int fd), int fd)
{
    pid_t pid = fork();
    const struct timespec pause = {.tv_nsec = 100000000};
    assert_true(pid >= 0);
    if (pid)
        return pid;
    for (;;) {
        act(fd);
        nanosleep(&pause, NULL);
    }
}

static void end_process(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void send_a_byte(int fd)
{
    (void)!write(fd, "x", 1);
}

/* It is never silent, and would be done in weeks. */
static void cgi_ends_a_body_that_trickles(void **state)
{
    char variable[] = "CONTENT_LENGTH=10000000", *variables[] = {variable, NULL}, body[16];
    int ends[2], before = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    ssize_t n;
    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    pid_t pid = again_and_again(send_a_byte, ends[1]);
    struct channel *channel = cgi_channel(variables, patience);
    while ((n = channel_read(channel, body, sizeof body)) > 0)
        continue;
    assert_int_equal(n, -1);
    end_process(pid);
    assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
    close(before);
    close(ends[0]);
    close(ends[1]);
}

static size_t *taken; /* bytes of the reply, by whichever process */

static void take_nothing(int fd)
{
    (void)fd;
}

static void take_some(int fd)
{
    char bytes[4096];
    ssize_t n = read(fd, bytes, sizeof bytes);
    *taken += n > 0 ? (size_t)n : 0;
}

/* Neither by one who takes nothing nor by one who takes a little of it, again and again. */
static void cgi_is_not_held_by_who_takes_its_reply(void **state)
{
    static char reply[16 << 20];
    void (*const acts[])(int fd) = {take_nothing, take_some};
    char *variables[] = {NULL};
    (void)state;
    taken = mmap(NULL, sizeof *taken, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(taken != MAP_FAILED);
    for (size_t i = 0; i < COUNT(acts); i++) {
        int ends[2], before = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        pid_t pid = again_and_again(acts[i], ends[0]);
        assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
        close(ends[1]);
        channel_send(cgi_channel(variables, patience), span_str("Status: 200\r\n\r\n"),
            span_of(reply, sizeof reply));
        assert_int_equal(dup2(before, STDOUT_FILENO), STDOUT_FILENO);
        close(before);
        end_process(pid);
        close(ends[0]);
        assert_true(*taken < sizeof reply / 2);
    }
    munmap(taken, sizeof *taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drained_to_the_end_before_the_reply),
        cmocka_unit_test(ended_once_is_ended),
        cmocka_unit_test(endless_body_is_given_up),
        cmocka_unit_test(cgi_reads_the_body_and_no_further),
        cmocka_unit_test(cgi_does_not_wait_for_ever),
        cmocka_unit_test(cgi_ends_a_body_that_trickles),
        cmocka_unit_test(cgi_is_not_held_by_who_takes_its_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
