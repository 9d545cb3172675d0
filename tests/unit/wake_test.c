/* wake_test - the hint: to whom it gets, and that losing or flooding it harms nobody. */
#include "temp_home.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "home/wake.h"

static bool is_pending(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) > 0;
}

static int count_fds(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void wake_reaches_who_listens(void **state)
{
    (void)state;
    int fd = wake_listen(&home);
    assert_true(fd >= 0);
    assert_false(is_pending(fd));
    assert_int_equal(wake_send(&home), ERR_OK);
    assert_true(is_pending(fd));
    wake_drain(fd);
    assert_false(is_pending(fd));
    wake_drain(fd); /* an empty FIFO does not block */
    close(fd);
}

static void wake_fifo_is_the_groups_and_does_not_leak(void **state)
{
    struct stat st;
    (void)state;
    int fd = wake_listen(&home);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    assert_int_equal(stat(temp_path(&temp, "home/run/wake"), &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0660);
    close(fd);
}

static void wake_says_when_nobody_listens(void **state)
{
    (void)state;
    assert_int_equal(wake_send(&home), ERR_NOTFOUND); /* never did */
    int fd = wake_listen(&home);
    assert_int_equal(wake_send(&home), ERR_OK);
    close(fd); /* as a killed dispatcher does: the file stays */
    assert_int_equal(access(temp_path(&temp, "home/run/wake"), F_OK), 0);
    assert_int_equal(wake_send(&home), ERR_NOTFOUND);
    fd = wake_listen(&home); /* the next one takes its place */
    assert_true(fd >= 0);
    assert_int_equal(wake_send(&home), ERR_OK);
    assert_true(is_pending(fd));
    close(fd);
}

/* A FIFO that is full means that it is awake already. */
static void wake_may_be_sent_without_end(void **state)
{
    (void)state;
    int fd = wake_listen(&home);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(wake_send(&home), ERR_OK);
    wake_drain(fd);
    assert_false(is_pending(fd));
    assert_int_equal(wake_send(&home), ERR_OK);
    assert_true(is_pending(fd));
    close(fd);
}

static void wake_keeps_no_descriptors(void **state)
{
    int before = count_fds();
    (void)state;
    assert_int_equal(wake_send(&home), ERR_NOTFOUND);
    int fd = wake_listen(&home);
    assert_int_equal(wake_send(&home), ERR_OK);
    close(fd);
    assert_int_equal(wake_send(&home), ERR_NOTFOUND);
    assert_int_equal(count_fds(), before);
}

static void wake_fails_where_there_is_no_run_directory(void **state)
{
    int before = count_fds();
    (void)state;
    assert_int_equal(rmdir(temp_path(&temp, "home/run")), 0);
    assert_int_not_equal(wake_send(&home), ERR_OK);
    assert_int_equal(wake_listen(&home), -1);
    assert_true(temp_logged(&temp, "cannot make the FIFO"));
    assert_int_equal(count_fds(), before);
}

/* A hint may be under way when the dispatcher ends: that must not end who sends it. */
static void wake_sends_no_signal(void **state)
{
    enum { TRIES = 2000 };
    (void)state;
    assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    pid_t pid = fork();
    if (pid == 0) {
        for (;;)
            (void)wake_send(&home);
    }
    for (int i = 0; i < TRIES; i++)
        wake_close(&home, wake_listen(&home));
    int status;
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* Longer than any socket's address may be. */
static void wake_works_in_a_home_of_any_length(void **state)
{
    char name[256], path[PATH_MAX];
    (void)state;
    memset(name, 'h', 200);
    name[200] = 0;
    snprintf(path, sizeof path, "%s", temp_path(&temp, name));
    assert_int_equal(home_create(path), ERR_OK);
    assert_int_equal(home_open(path, &home), ERR_OK);
    int fd = wake_listen(&home);
    assert_true(fd >= 0);
    assert_int_equal(wake_send(&home), ERR_OK);
    assert_true(is_pending(fd));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wake_reaches_who_listens, setup, teardown),
        cmocka_unit_test_setup_teardown(wake_fifo_is_the_groups_and_does_not_leak, setup, teardown),
        cmocka_unit_test_setup_teardown(wake_says_when_nobody_listens, setup, teardown),
        cmocka_unit_test_setup_teardown(wake_may_be_sent_without_end, setup, teardown),
        cmocka_unit_test_setup_teardown(wake_keeps_no_descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(
            wake_fails_where_there_is_no_run_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(wake_sends_no_signal, setup, teardown),
        cmocka_unit_test_setup_teardown(wake_works_in_a_home_of_any_length, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
