/* clear_test - whatever a script leaves in its directory is removed, within a budget. */
#include "temp.h"

#include <errno.h>
#include <sys/stat.h>

#include "runner/clear.h"

static struct temp temp;
static char work[PATH_MAX];

static int setup(void **state)
{
    (void)state;
    temp_make(&temp);
    snprintf(work, sizeof work, "%s", temp_path(&temp, "work"));
    assert_int_equal(mkdir(work, 0700), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_remove(&temp);
    return 0;
}

/* Nobody who runs this is root for long: root needs no rights of a directory. */
static bool clears(size_t budget)
{
    return clear_directory(work, &budget, NULL);
}

static void make(const char *name, mode_t mode)
{
    int dir = open(work, O_RDONLY | O_DIRECTORY);
    if (mode)
        assert_int_equal(mkdirat(dir, name, mode), 0);
    else
        close(openat(dir, name, O_CREAT | O_WRONLY, 0600));
    close(dir);
}

static void clear_removes_all_kinds(void **state)
{
    (void)state;
    make("file", 0);
    make("-rf", 0);
    make("empty", 0700);
    make("full", 0700);
    make("full/file", 0);
    make("full/0", 0700);
    make("full/0/0", 0700);
    make("full/0/0/0", 0);
    make("0", 0);
    assert_int_equal(mkfifo(temp_path(&temp, "work/fifo"), 0), 0);
    assert_int_equal(symlink("nowhere", temp_path(&temp, "work/dangling")), 0);
    assert_true(clears(100));
    assert_int_equal(rmdir(work), 0);
}

/* Neither the link's target nor what is in it. */
static void clear_follows_no_link(void **state)
{
    (void)state;
    assert_int_equal(mkdir(temp_path(&temp, "kept"), 0700), 0);
    temp_write(&temp, "kept/file", "x");
    assert_int_equal(symlink("../kept", temp_path(&temp, "work/link")), 0);
    make("deep", 0700);
    assert_int_equal(symlink("../../kept", temp_path(&temp, "work/deep/link")), 0);
    assert_true(clears(100));
    assert_int_equal(access(temp_path(&temp, "kept/file"), F_OK), 0);
}

/* A path of any length cannot be named, only walked. */
static void clear_goes_as_deep_as_it_has_to(void **state)
{
    enum { DEEP = 5000 };
    (void)state;
    int dir = open(work, O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < DEEP; i++) {
        assert_int_equal(mkdirat(dir, "a-directory", 0700), 0);
        assert_int_equal(mkdirat(dir, "b", 0700), 0);
        int next = openat(dir, "a-directory", O_RDONLY | O_DIRECTORY);
        close(dir);
        dir = next;
    }
    close(dir);
    assert_true(clears(100 * DEEP));
}

static void clear_takes_rights_that_are_missing(void **state)
{
    (void)state;
    if (geteuid() == 0 && (setegid(65534) < 0 || chown(work, 65534, 65534) < 0 ||
                              chown(temp.dir, 65534, 65534) < 0 || seteuid(65534) < 0))
        skip();
    make("shut", 0700);
    make("shut/inner", 0700);
    make("shut/inner/file", 0);
    assert_int_equal(chmod(temp_path(&temp, "work/shut/inner"), 0), 0);
    assert_int_equal(chmod(temp_path(&temp, "work/shut"), 0), 0);
    assert_int_equal(chmod(work, 0), 0);
    bool cleared = clears(100);
    if (getuid() == 0)
        assert_true(seteuid(0) == 0 && setegid(0) == 0);
    assert_true(cleared);
}

/* What is left is removed the next time. */
static void clear_keeps_to_its_budget(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        char name[32];
        snprintf(name, sizeof name, "file-%d", i);
        make(name, 0);
    }
    size_t budget = 4;
    assert_false(clear_directory(work, &budget, NULL));
    assert_int_equal(budget, 0);
    assert_true(clears(7));
}

/* A name of the greatest length does not fit with others where entries are read to. */
static void clear_is_needed_for_anything(void **state)
{
    (void)state;
    char name[NAME_MAX + 1] = {0};
    int dir = open(work, O_RDONLY | O_DIRECTORY);
    memset(name, 'x', NAME_MAX);
    assert_false(clear_is_needed(dir, NULL));
    static const char *const names[] = {".x", "...", "x"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        make(names[i], i == 0 ? 0700 : 0);
        assert_true(clear_is_needed(dir, NULL));
        assert_true(clears(10));
        assert_false(clear_is_needed(dir, NULL));
    }
    make(name, 0);
    assert_true(clear_is_needed(dir, NULL));
    close(dir);
    assert_true(clear_is_needed(dir, NULL));
}

/* By its name and its inode; below the top nothing is. */
static void clear_spares_what_is_named(void **state)
{
    (void)state;
    struct stat st;
    size_t budget = 10;
    make("a", 0);
    make("full", 0700);
    int dir = open(work, O_RDONLY | O_DIRECTORY);
    assert_int_equal(fstatat(dir, "a", &st, 0), 0);
    struct clear_spared spared[] = {{"b", st.st_ino}, {"a", st.st_ino}, {NULL, 0}};
    assert_int_equal(linkat(dir, "a", dir, "full/a", 0), 0);
    assert_true(clear_is_needed(dir, spared));
    assert_true(clear_directory(work, &budget, spared));
    assert_false(clear_is_needed(dir, spared));
    assert_int_equal(fstatat(dir, "a", &st, 0), 0);
    assert_int_equal(fstatat(dir, "full", &st, 0), -1);
    spared[1].inode++;
    assert_true(clear_is_needed(dir, spared));
    assert_true(clear_directory(work, &budget, spared));
    assert_int_equal(fstatat(dir, "a", &st, 0), -1);
    close(dir);
}

static void clear_says_so_when_it_cannot(void **state)
{
    (void)state;
    assert_int_equal(rmdir(work), 0);
    assert_false(clears(10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(clear_removes_all_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(clear_follows_no_link, setup, teardown),
        cmocka_unit_test_setup_teardown(clear_goes_as_deep_as_it_has_to, setup, teardown),
        cmocka_unit_test_setup_teardown(clear_takes_rights_that_are_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(clear_keeps_to_its_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(clear_is_needed_for_anything, setup, teardown),
        cmocka_unit_test_setup_teardown(clear_spares_what_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(clear_says_so_when_it_cannot, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
