/* rotate_test - a log file keeps its bound, whoever appends to it. */
#include "temp.h"

#include <sys/wait.h>

#include "base/flood.h"
#include "base/rotate.h"

static struct temp temp;

static int setup(void **state)
{
    (void)state;
    temp_make(&temp);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_remove(&temp);
    return 0;
}

static struct rotate file_of(char path[PATH_MAX], int64_t bytes, int files)
{
    snprintf(path, PATH_MAX, "%s/a.log", temp.dir);
    return (struct rotate){.path = path, .bytes = bytes, .files = files};
}

static const char *path_of(int n)
{
    char name[32];
    snprintf(name, sizeof name, n ? "a.log.%d" : "a.log", n);
    return temp_path(&temp, name);
}

/* The size of the file kept as number n; -1: there is none. */
static int64_t size_of(int n)
{
    struct stat st;
    return stat(path_of(n), &st) < 0 ? -1 : st.st_size;
}

static void append(const struct rotate *file, int fd, const char *line, int count)
{
    while (count--)
        rotate_append(file, fd, line, strlen(line));
}

static int opened(const struct rotate *file)
{
    int fd = dup(STDERR_FILENO);
    assert_true(fd >= 0);
    assert_true(rotate_open(file, fd));
    return fd;
}

static void files_are_bounded_and_so_many_are_kept(void **state)
{
    char path[PATH_MAX];
    (void)state;
    for (int files = 1; files <= 3; files++) {
        struct rotate file = file_of(path, 100, files);
        int fd = opened(&file);
        append(&file, fd, "nine....\n", 200);
        for (int n = 0; n <= files; n++)
            assert_in_range(size_of(n), 9, 100);
        assert_int_equal(size_of(files + 1), -1);
        close(fd);
        assert_int_equal(remove(path), 0);
    }
}

static void a_line_longer_than_the_bound_has_a_file(void **state)
{
    char path[PATH_MAX], line[300];
    (void)state;
    struct rotate file = file_of(path, 100, 2);
    int fd = opened(&file);
    memset(line, 'x', sizeof line);
    for (int i = 0; i < 5; i++)
        rotate_append(&file, fd, line, sizeof line);
    for (int n = 0; n <= 2; n++)
        assert_int_equal(size_of(n), 300);
    close(fd);
}

static void a_file_that_is_gone_is_made_anew(void **state)
{
    char path[PATH_MAX];
    (void)state;
    struct rotate file = file_of(path, 100, 2);
    int fd = opened(&file);
    append(&file, fd, "one\n", 1);
    assert_int_equal(remove(path), 0);
    append(&file, fd, "two\n", 1);
    assert_string_equal(temp_read(&temp, "a.log"), "two\n");
    close(fd);
}

static void a_file_that_cannot_be_renamed_is_emptied(void **state)
{
    char path[PATH_MAX];
    (void)state;
    struct rotate file = file_of(path, 100, 1);
    int fd = opened(&file);
    assert_int_equal(mkdir(temp_path(&temp, "a.log.1"), 0700), 0);
    append(&file, fd, "nine....\n", 200);
    assert_in_range(size_of(0), 9, 100);
    close(fd);
}

/*
 * Each with a descriptor of its own, or all with the one that they inherited. No line is lost;
 * how many come while one process renames is the scheduler's to say.
 */
static void processes_share_a_file(void **state)
{
    enum { CHILDREN = 6, LINES = 300, BYTES = 2000, FILES = 90 };
    char path[PATH_MAX], line[16];
    (void)state;
    for (int inherited = 0; inherited <= 1; inherited++) {
        struct rotate file = file_of(path, BYTES, FILES);
        int fd = opened(&file), total = 0;
        for (int child = 0; child < CHILDREN; child++) {
            if (fork() > 0)
                continue;
            int mine = inherited ? fd : opened(&file);
            snprintf(line, sizeof line, "child %d\n", child);
            append(&file, mine, line, LINES);
            _exit(0);
        }
        for (int status; wait(&status) > 0;)
            assert_int_equal(status, 0);
        for (int n = 0; n <= FILES; n++) {
            int64_t size = size_of(n);
            total += size > 0 ? (int)size : 0;
            if (size >= 0)
                assert_int_equal(remove(path_of(n)), 0);
        }
        assert_int_equal(total, CHILDREN * LINES * 8);
        close(fd);
    }
}

static void flood_leaves_out_and_tells(void **state)
{
    static const char one[] = "one %s", other[] = "other %s";
    const char *kind;
    unsigned taken = 0;
    int64_t now = 1000;
    (void)state;
    for (int i = 0; i < 1000; i++)
        taken += flood_take(one, now);
    assert_int_equal(taken, FLOOD_BURST);
    assert_true(flood_take(other, now));
    assert_int_equal(flood_left_out(now, &kind), 0);
    now += FLOOD_TOLD_MS;
    assert_int_equal(flood_left_out(now, &kind), 1000 - FLOOD_BURST);
    assert_ptr_equal(kind, one);
    assert_int_equal(flood_left_out(now, &kind), 0);
    for (taken = 0; flood_take(one, now);)
        taken++;
    assert_int_equal(taken, FLOOD_PER_SECOND * FLOOD_TOLD_MS / 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(files_are_bounded_and_so_many_are_kept),
        TEST(a_line_longer_than_the_bound_has_a_file),
        TEST(a_file_that_is_gone_is_made_anew),
        TEST(a_file_that_cannot_be_renamed_is_emptied),
        TEST(processes_share_a_file),
        TEST(flood_leaves_out_and_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
