/* log_test - the line that reaches standard error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"

static char line[8192];
static int saved_stderr, read_end;

static void capture_begin(void)
{
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    saved_stderr = dup(STDERR_FILENO);
    dup2(fds[1], STDERR_FILENO);
    close(fds[1]);
    read_end = fds[0];
}

/* What was logged, from the level on: neither the time nor the process is known here. */
static const char *capture_end(void)
{
    const char *level;
    ssize_t n;

    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    n = read(read_end, line, sizeof(line) - 1);
    close(read_end);
    assert_true(n > 0);
    line[n] = '\0';
    assert_int_equal(strspn(line, "0123456789-T:.Z"), 24);
    assert_int_equal(line[23], 'Z');
    assert_int_equal(strncmp(line + 24, " prog[", 6), 0);
    level = strchr(line + 25, ' ');
    assert_non_null(level);
    return level + 1;
}

/* What was logged, all of it. */
static const char *capture_json(void)
{
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    ssize_t n = read(read_end, line, sizeof(line) - 1);
    close(read_end);
    assert_in_range(n, 10, 2048);
    line[n] = '\0';
    assert_int_equal(strncmp(line, "{\"time\":\"", 9), 0);
    return line;
}

static void line_carries_the_context(void **state)
{
    (void)state;
    log_context("request-1");
    capture_begin();
    log_info("%s is %d", "answer", 42);
    assert_string_equal(capture_end(), "info: [request-1] answer is 42\n");
    log_context("");
    capture_begin();
    log_warn("no context");
    assert_string_equal(capture_end(), "warning: no context\n");
}

static void errno_is_told_and_kept(void **state)
{
    (void)state;
    capture_begin();
    errno = ENOENT;
    log_errno("cannot open %s", "x");
    assert_int_equal(errno, ENOENT);
    assert_string_equal(capture_end(), "error: cannot open x: No such file or directory\n");
}

static void text_cannot_forge_lines(void **state)
{
    (void)state;
    capture_begin();
    log_error("a\nprog[1] info: b\r\x1b[2J\x7f \xc3\xa9");
    assert_string_equal(capture_end(), "error: a prog[1] info: b  [2J  \xc3\xa9\n");
    /* C1, line separators, marks of direction, and what is no UTF-8; also cut off at the end. */
    capture_begin();
    /* NOLINTNEXTLINE(misc-misleading-bidirectional) */
    log_error("a\xc2\x9b"
              "2Jb\xc2\x85"
              "c\xe2\x80\xa8"
              "d\xe2\x80\xae"
              "e\xe2\x81\xa6"
              "f\xd8\x9c"
              "g\xff\xe2\x82");
    assert_string_equal(capture_end(), "error: a  2Jb  c   d   e   f  g   \n");
}

static void long_lines_are_cut(void **state)
{
    char text[5000];

    (void)state;
    memset(text, 'x', sizeof(text));
    capture_begin();
    log_error("%.*s", (int)sizeof(text), text);
    (void)capture_end();
    assert_int_equal(strlen(line), 2048);
    assert_int_equal(line[2047], '\n');
}

static void log_die_ends_the_process(void **state)
{
    int status;
    pid_t child;

    (void)state;
    capture_begin();
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        log_die(EXIT_RETRY, "no %s", "room");
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_string_equal(capture_end(), "fatal: no room\n");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_RETRY);
}

/* A line as JSON is whole, however much of it has to be quoted or cut. */
static void lines_are_json(void **state)
{
    static const struct log_place json = {.level = LOG_LEVEL_INFO, .json = true};
    static const struct log_place text = {.level = LOG_LEVEL_INFO};
    char quotes[3000];
    (void)state;
    log_to(&json);
    log_context("request-1");
    capture_begin();
    log_info("say \"%s\" \\ \xc3\xa9\n", "hi");
    const char *end = capture_json();
    assert_non_null(strstr(end, "\"level\":\"info\",\"id\":\"request-1\",\"message\":"
                                "\"say \\\"hi\\\" \\\\ \xc3\xa9 \"}\n"));
    log_context("");
    memset(quotes, '"', sizeof quotes - 1);
    quotes[sizeof quotes - 1] = 0;
    capture_begin();
    log_info("%s", quotes);
    end = capture_json();
    assert_string_equal(end + strlen(end) - 5, "\\\"\"}\n");
    log_to(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_json),
        cmocka_unit_test(line_carries_the_context),
        cmocka_unit_test(errno_is_told_and_kept),
        cmocka_unit_test(text_cannot_forge_lines),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(log_die_ends_the_process),
    };

    log_open("prog");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
