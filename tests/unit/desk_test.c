/* desk_test - what lies in a work directory is as it has to be, whatever was done to it. */
#include "temp.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "runner/desk.h"

static struct temp temp;
static char context[PATH_MAX], lines[PATH_MAX], other[PATH_MAX], kept[PATH_MAX];
static int dir;
static struct desk desk;

static int setup(void **state)
{
    (void)state;
    temp_make(&temp);
    assert_int_equal(mkdir(temp_path(&temp, "work"), 0700), 0);
    dir = open(temp_path(&temp, "work"), O_RDONLY | O_DIRECTORY);
    snprintf(context, sizeof context, "%s", temp_path(&temp, "work/" DESK_CONTEXT));
    snprintf(lines, sizeof lines, "%s", temp_path(&temp, "work/" DESK_LINES));
    snprintf(other, sizeof other, "%s", temp_path(&temp, "other"));
    snprintf(kept, sizeof kept, "%s", temp_path(&temp, "kept"));
    desk = DESK_NONE;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    desk_leave(&desk);
    close(dir);
    temp_remove(&temp);
    return 0;
}

static void close_ends(struct desk_ends *ends)
{
    close(ends->context);
    close(ends->said);
    close(ends->heard);
}

/* These bytes, where a line's last blanks are none of it. */
static void check_reads(int fd, const char *text)
{
    char bytes[8192];
    ssize_t n = read(fd, bytes, sizeof bytes - 1);
    assert_true(n > 0);
    if (n > 1 && bytes[n - 1] == '\n' && bytes[n - 2] == ' ') {
        while (n > 1 && bytes[n - 2] == ' ')
            n--;
        bytes[n - 1] = '\n';
    }
    bytes[n] = 0;
    assert_string_equal(bytes, text);
    assert_int_equal(read(fd, bytes, sizeof bytes), 0);
}

/* A step reads this context, by its descriptor and by its name, and what it says is heard. */
static void check_step(const char *text)
{
    struct desk_ends ends;
    assert_true(desk_open(&desk, dir, NULL, span_str(text), &ends));
    check_reads(ends.context, text);
    int by_name = open(context, O_RDONLY);
    check_reads(by_name, text);
    close(by_name);
    by_name = open(lines, O_WRONLY | O_NONBLOCK);
    assert_int_equal(write(by_name, "a\n", 2), 2);
    close(by_name);
    assert_int_equal(fcntl(ends.said, F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(write(ends.said, "b\n", 2), 2);
    close(ends.said);
    check_reads(ends.heard, "a\nb\n");
    close(ends.context);
    close(ends.heard);
}

static ino_t inode_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_ino;
}

static void both_serve_one_step_after_the_other(void **state)
{
    (void)state;
    check_step("{\"long\": 1}\n");
    ino_t file = inode_of(context), fifo = inode_of(lines);
    check_step("{}\n");
    check_step("{\"longer\": [1]}\n");
    assert_int_equal(inode_of(context), file);
    assert_int_equal(inode_of(lines), fifo);
    assert_false(clear_is_needed(dir, desk.spared));
    assert_true(clear_is_needed(dir, NULL));
}

static void nothing_is_kept_at_rest(void **state)
{
    (void)state;
    desk_rest(&desk);
    check_step("{}\n");
    desk_rest(&desk);
    int fd = open(context, O_RDONLY);
    check_reads(fd, "\n");
    close(fd);
    check_step("{\"a\": 1}\n");
}

/* Harms. */

static void remove_both(void)
{
    assert_int_equal(unlink(context), 0);
    assert_int_equal(unlink(lines), 0);
}

static void link_elsewhere(void)
{
    remove_both();
    assert_int_equal(symlink(other, context), 0);
    assert_int_equal(symlink(other, lines), 0);
}

static void exchange(void)
{
    assert_int_equal(renameat2(AT_FDCWD, context, AT_FDCWD, lines, RENAME_EXCHANGE), 0);
}

static void add_a_name(void)
{
    (void)unlink(kept);
    assert_int_equal(link(context, kept), 0);
}

static void put_files(void)
{
    remove_both();
    close(open(context, O_CREAT | O_WRONLY, 0400));
    close(open(lines, O_CREAT | O_WRONLY, 0600));
}

static void put_fifos(void)
{
    remove_both();
    assert_int_equal(mkfifo(context, 0400), 0);
    assert_int_equal(mkfifo(lines, 0600), 0);
}

static void put_directories(void)
{
    remove_both();
    assert_int_equal(mkdir(context, 0700), 0);
    assert_int_equal(mkdir(lines, 0700), 0);
}

static void take_rights(void)
{
    assert_int_equal(chmod(context, 0), 0);
    assert_int_equal(chmod(lines, 0), 0);
}

static void give_rights(void)
{
    assert_int_equal(chmod(context, 0666), 0);
    assert_int_equal(chmod(lines, 0666), 0);
}

static void change_size(off_t size)
{
    assert_int_equal(chmod(context, 0600), 0);
    assert_int_equal(truncate(context, size), 0);
    assert_int_equal(chmod(context, 0400), 0);
}

static void lengthen(void)
{
    change_size(MIB(1));
}

static void shorten(void)
{
    change_size(0);
}

static void (*const harms[])(void) = {remove_both, link_elsewhere, exchange, add_a_name, put_files,
    put_fifos, put_directories, take_rights, give_rights, lengthen, shorten};

static void harm_does_not_reach_the_next_step(void **state)
{
    (void)state;
    int fd = open(other, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "kept", 4), 4);
    close(fd);
    for (unsigned i = 0; i < COUNT(harms); i++) {
        check_step("{\"before\": 1}\n");
        harms[i]();
        check_step("{\"after\": 1}\n");
        harms[i]();
        desk_rest(&desk);
        check_step("{}\n");
    }
    fd = open(other, O_RDONLY);
    check_reads(fd, "kept");
    close(fd);
}

/* The context that a name was added to is the one that was, and stays so. */
static void what_somebody_keeps_is_not_told_more(void **state)
{
    (void)state;
    check_step("{\"before\": 1}\n");
    add_a_name();
    check_step("{\"after\": 1}\n");
    int fd = open(kept, O_RDONLY);
    check_reads(fd, "{\"before\": 1}\n");
    close(fd);
}

static void writer_that_stays_is_not_heard(void **state)
{
    struct desk_ends ends;
    (void)state;
    assert_true(desk_open(&desk, dir, NULL, span_str("{}\n"), &ends));
    int stays = open(lines, O_RDWR | O_NONBLOCK);
    close_ends(&ends);
    check_step("{}\n");
    assert_int_equal(write(stays, "late\n", 5), 5);
    check_step("{}\n");
    close(stays);
}

static void what_cannot_be_is_said(void **state)
{
    struct desk_ends ends;
    (void)state;
    assert_int_equal(mkdir(lines, 0700), 0);
    assert_int_equal(mkdir(temp_path(&temp, "work/" DESK_LINES "/a"), 0700), 0);
    assert_false(desk_open(&desk, dir, NULL, span_str("{}\n"), &ends));
    assert_int_equal(desk_bytes(&desk), 0);
    assert_int_equal(rmdir(temp_path(&temp, "work/" DESK_LINES "/a")), 0);
    check_step("{}\n");
    assert_int_equal(desk_bytes(&desk), 2 * 4096 + 4096);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(both_serve_one_step_after_the_other),
        TEST(nothing_is_kept_at_rest),
        TEST(harm_does_not_reach_the_next_step),
        TEST(what_somebody_keeps_is_not_told_more),
        TEST(writer_that_stays_is_not_heard),
        TEST(what_cannot_be_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
