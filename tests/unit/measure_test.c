/* measure_test - how much a directory holds, as far as it can be seen. */
#include "temp.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "runner/measure.h"

static struct temp temp;
static char work[PATH_MAX];
static int top = -1;

static int setup(void **state)
{
    (void)state;
    temp_make(&temp);
    snprintf(work, sizeof work, "%s", temp_path(&temp, "work"));
    assert_int_equal(mkdir(work, 0700), 0);
    top = open(work, O_RDONLY | O_DIRECTORY);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close(top);
    temp_remove(&temp);
    return 0;
}

static void make(int at, const char *name, size_t kib)
{
    static char bytes[1024];
    memset(bytes, 'x', sizeof bytes);
    int fd = openat(at, name, O_CREAT | O_WRONLY, 0600);
    for (size_t i = 0; i < kib; i++)
        assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    fsync(fd); /* some file systems give blocks only then */
    close(fd);
}

static void directory_holds_what_its_files_do(void **state)
{
    (void)state;
    assert_false(measure_exceeds(top, 0));
    make(top, "file", 400);
    assert_true(measure_exceeds(top, KIB(300)));
    assert_false(measure_exceeds(top, KIB(500)));
    assert_int_equal(mkdirat(top, "below", 0700), 0);
    int below = openat(top, "below", O_RDONLY | O_DIRECTORY);
    make(below, ".hidden", 400);
    close(below);
    assert_true(measure_exceeds(top, KIB(700)));
    assert_false(measure_exceeds(top, KIB(1000)));
}

static void nothing_in_a_file_is_something_on_the_disk(void **state)
{
    char name[16];
    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "%d", i);
        make(top, name, 0);
    }
    assert_true(measure_exceeds(top, KIB(399)));
    assert_false(measure_exceeds(top, KIB(400)));
}

static void holes_hold_nothing(void **state)
{
    (void)state;
    make(top, "file", 0);
    int fd = openat(top, "file", O_WRONLY);
    assert_int_equal(ftruncate(fd, 1 << 30), 0);
    close(fd);
    assert_false(measure_exceeds(top, KIB(100)));
}

static void file_of_several_names_counts_once(void **state)
{
    (void)state;
    make(top, "a", 400);
    assert_int_equal(linkat(top, "a", top, "b", 0), 0);
    assert_int_equal(linkat(top, "a", top, "c", 0), 0);
    assert_true(measure_exceeds(top, KIB(300)));
    assert_false(measure_exceeds(top, KIB(500)));
}

static void links_lead_nowhere(void **state)
{
    (void)state;
    assert_int_equal(symlinkat("/", top, "root"), 0);
    assert_int_equal(symlinkat(".", top, "loop"), 0);
    assert_false(measure_exceeds(top, KIB(100)));
}

/* Deeper than is looked, and than a process may have files open. */
static void tree_may_be_deep(void **state)
{
    int at = dup(top);
    (void)state;
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(mkdirat(at, "d", 0700), 0);
        int below = openat(at, "d", O_RDONLY | O_DIRECTORY);
        close(at);
        at = below;
    }
    close(at);
    assert_true(measure_exceeds(top, KIB(200)));
    assert_false(measure_exceeds(top, KIB(300)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(directory_holds_what_its_files_do, setup, teardown),
        cmocka_unit_test_setup_teardown(
            nothing_in_a_file_is_something_on_the_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(holes_hold_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(file_of_several_names_counts_once, setup, teardown),
        cmocka_unit_test_setup_teardown(links_lead_nowhere, setup, teardown),
        cmocka_unit_test_setup_teardown(tree_may_be_deep, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
