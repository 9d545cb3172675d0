/* alive_test - the dispatcher's lock and sign of life, seen from another process. */
#include "temp_home.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "home/alive.h"

/* A child that takes the lock and holds it until it is told to end by the closing of *ret_stop. */
static pid_t hold(int *ret_stop)
{
    int ready[2], stop[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(stop), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int fd;
        bool died;
        close(stop[1]);
        byte = alive_take(&home, &fd, &died) == ERR_OK ? 'y' : 'n';
        if (write(ready[1], &byte, 1) == 1)
            (void)!read(stop[0], &byte, 1);
        _exit(0);
    }
    close(ready[1]);
    close(stop[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    close(ready[0]);
    *ret_stop = stop[1];
    return child;
}

static void set_age_of(const char *name, int64_t seconds)
{
    struct timespec now, times[2];
    clock_gettime(CLOCK_REALTIME, &now);
    times[0] = times[1] = (struct timespec){.tv_sec = now.tv_sec - seconds};
    assert_int_equal(utimensat(AT_FDCWD, temp_path(&temp, name), times, 0), 0);
}

static void set_age(int64_t seconds)
{
    set_age_of("home/run/dispatcher.lock", seconds);
}

static void alive_is_false_where_none_ever_was(void **state)
{
    (void)state;
    assert_false(alive_is(&home));
    assert_int_equal(alive_pid(&home), 0);
    /* Asking makes nothing. */
    assert_int_not_equal(access(temp_path(&temp, "home/run/dispatcher.lock"), F_OK), 0);
}

static void alive_lock_has_one_holder(void **state)
{
    int stop, fd = -1;
    bool died;
    (void)state;
    pid_t child = hold(&stop);
    assert_true(alive_is(&home));
    assert_int_equal(alive_pid(&home), child);
    assert_int_equal(alive_take(&home, &fd, &died), ERR_BUSY);
    assert_int_equal(fd, -1);
    assert_true(alive_is(&home)); /* asking and failing to take disturb nothing */
    assert_int_equal(alive_pid(&home), child);

    close(stop);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_false(alive_is(&home));
    assert_int_equal(alive_pid(&home), 0);
    assert_int_equal(alive_take(&home, &fd, &died), ERR_OK);
    assert_int_equal(alive_pid(&home), getpid());
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close(fd);
    assert_false(alive_is(&home));
}

static void alive_ends_with_a_killed_holder(void **state)
{
    int stop, fd;
    bool died;
    (void)state;
    pid_t child = hold(&stop);
    assert_true(alive_is(&home));
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(stop);
    /* Its file is there and fresh, with its number in it; the lock decides. */
    assert_int_equal(strtol(temp_read(&temp, "home/run/dispatcher.lock"), NULL, 10), child);
    assert_false(alive_is(&home));
    assert_int_equal(alive_pid(&home), 0);
    assert_int_equal(alive_take(&home, &fd, &died), ERR_OK);
    close(fd);
}

/* Within one process too: the lock is one of an open file. */
static void alive_is_seen_by_the_holder_itself(void **state)
{
    int fd, again;
    bool died;
    (void)state;
    assert_int_equal(alive_take(&home, &fd, &died), ERR_OK);
    assert_true(alive_is(&home));
    assert_int_equal(alive_pid(&home), getpid());
    assert_int_equal(alive_take(&home, &again, &died), ERR_BUSY);
    assert_true(alive_is(&home));
    close(fd);
}

/* A holder that has died has left its number behind; one that left in order has not. */
static void alive_tells_how_the_last_holder_ended(void **state)
{
    int fd;
    bool died;
    (void)state;
    assert_int_equal(alive_take(&home, &fd, &died), ERR_OK);
    assert_false(died); /* there was none */
    close(fd);
    assert_int_equal(alive_take(&home, &fd, &died), ERR_OK);
    assert_true(died);
    alive_leave(fd);
    assert_true(alive_is(&home)); /* until it ends */
    close(fd);
    assert_int_equal(alive_take(&home, &fd, &died), ERR_OK);
    assert_false(died);
    close(fd);
}

/* Three looks and a second: a holder that hangs stops showing itself. */
static void alive_needs_a_fresh_beat(void **state)
{
    int stop;
    (void)state;
    home.config.dispatcher_look_seconds = 5;
    pid_t child = hold(&stop);
    int fd = open(temp_path(&temp, "home/run/dispatcher.lock"), O_RDWR | O_CLOEXEC);
    const struct {
        int64_t age_seconds;
        bool alive;
    } cases[] = {{0, true}, {10, true}, {14, true}, {18, false}, {86400, false}, {-3600, true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        set_age(cases[i].age_seconds);
        assert_int_equal(alive_is(&home), cases[i].alive);
        assert_int_equal(alive_pid(&home), child); /* who holds it is another question */
    }
    set_age(3600);
    assert_false(alive_is(&home));
    alive_beat(fd);
    assert_true(alive_is(&home));
    home.config.dispatcher_look_seconds = 60;
    set_age(170);
    assert_true(alive_is(&home));
    close(fd);
    close(stop);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* What a clock that was ahead has stamped says nothing, for as many years. */
static void alive_was_once_is_of_lately(void **state)
{
    static const struct {
        int64_t age_seconds;
        bool was;
    } cases[] = {{0, true}, {100, true}, {130, false}, {-100, true}, {-86400, false}};
    (void)state;
    assert_false(alive_was_once(&home));
    alive_note_once(&home);
    for (size_t i = 0; i < COUNT(cases); i++) {
        set_age_of("home/run/once", cases[i].age_seconds);
        assert_int_equal(alive_was_once(&home), cases[i].was);
    }
}

/* A name that somebody has laid leads to another file of this account's. */
static void alive_follows_no_link(void **state)
{
    int fd;
    bool died;
    (void)state;
    temp_write(&temp, "home/other", "precious");
    assert_int_equal(symlink("../other", temp_path(&temp, "home/run/dispatcher.lock")), 0);
    assert_int_equal(symlink("../made", temp_path(&temp, "home/run/once")), 0);
    assert_int_equal(alive_take(&home, &fd, &died), ERR_IO);
    alive_note_once(&home);
    assert_string_equal(temp_read(&temp, "home/other"), "precious");
    assert_int_equal(access(temp_path(&temp, "home/made"), F_OK), -1);
}

/* A longer number that was there before leaves no digits behind. */
static void alive_file_holds_one_number(void **state)
{
    int fd;
    char text[32];
    bool died;
    (void)state;
    temp_write(&temp, "home/run/dispatcher.lock", "12345678901234567890\nmore\n");
    assert_int_equal(alive_take(&home, &fd, &died), ERR_OK);
    snprintf(text, sizeof text, "%d\n", (int)getpid());
    assert_string_equal(temp_read(&temp, "home/run/dispatcher.lock"), text);
    close(fd);
}

static void alive_take_fails_where_there_is_no_run_directory(void **state)
{
    int fd;
    bool died;
    (void)state;
    assert_int_equal(rmdir(temp_path(&temp, "home/run")), 0);
    assert_int_equal(alive_take(&home, &fd, &died), ERR_IO);
    assert_true(temp_logged(&temp, "cannot lock run/dispatcher.lock in "));
    assert_false(alive_is(&home));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(alive_is_false_where_none_ever_was, setup, teardown),
        cmocka_unit_test_setup_teardown(alive_lock_has_one_holder, setup, teardown),
        cmocka_unit_test_setup_teardown(alive_ends_with_a_killed_holder, setup, teardown),
        cmocka_unit_test_setup_teardown(alive_is_seen_by_the_holder_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(alive_tells_how_the_last_holder_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(alive_needs_a_fresh_beat, setup, teardown),
        cmocka_unit_test_setup_teardown(alive_was_once_is_of_lately, setup, teardown),
        cmocka_unit_test_setup_teardown(alive_follows_no_link, setup, teardown),
        cmocka_unit_test_setup_teardown(alive_file_holds_one_number, setup, teardown),
        cmocka_unit_test_setup_teardown(
            alive_take_fails_where_there_is_no_run_directory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
