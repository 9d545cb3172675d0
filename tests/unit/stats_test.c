/* stats - what is counted is there for all, and begins anew when it has to. */
#include "temp_home.h"

#include "home/stats.h"

struct found {
    const char *program;
    const struct stats *stats;
    size_t places;
};

static void find(const struct stats *stats, void *context)
{
    struct found *found = context;
    found->places++;
    if (strcmp(stats->program, found->program) == 0)
        found->stats = stats;
}

static const struct stats *stats_of(const char *program)
{
    struct found found = {.program = program};
    stats_each(find, &found);
    assert_non_null(found.stats);
    return found.stats;
}

static void stats_are_added_up(void **state)
{
    (void)state;
    for (int process = 0; process < 2; process++) {
        stats_open(&home, "events");
        stats_request(200, 64);
        stats_request(401, 65);
        stats_request(99, 1);
        stats_request(600, 1);
        stats_repeat();
    }
    const struct stats *stats = stats_of("events");
    assert_int_equal(stats->statuses[200 - STATS_STATUS_FIRST], 2);
    assert_int_equal(stats->statuses[401 - STATS_STATUS_FIRST], 2);
    assert_int_equal(stats->repeats, 2);
    assert_int_equal(stats->request_us.sum, 2 * (64 + 65 + 2));
}

static void stats_put_times_into_buckets(void **state)
{
    static const struct {
        int64_t us;
        size_t bucket;
    } rows[] = {{-1, 0}, {0, 0}, {1, 0}, {64, 0}, {65, 1}, {128, 1}, {129, 2}, {256, 2}, {257, 3},
        {64 << 18, 18}, {(64 << 18) + 1, 19}, {INT64_MAX, 19}};
    (void)state;
    stats_open(&home, "events");
    const struct stats *stats = stats_of("events");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t before = stats->request_us.buckets[rows[i].bucket];
        stats_request(200, rows[i].us);
        assert_int_equal(stats->request_us.buckets[rows[i].bucket], before + 1);
    }
}

static void stats_tell_commits_apart(void **state)
{
    (void)state;
    stats_open(&home, "dispatcher");
    stats_commit(1, 100, 1000, ERR_OK);
    stats_commit(1000, 200, 2000, ERR_OK);
    stats_commit(7, 300, 3000, ERR_IO);
    const struct stats *stats = stats_of("dispatcher");
    assert_int_equal(stats->commit_us.sum, 300);
    assert_int_equal(stats->commit_mutations.sum, 1001);
    assert_int_equal(stats->commit_mutations.buckets[0], 1);
    assert_int_equal(stats->commit_mutations.buckets[10], 1);
    assert_int_equal(stats->commits_failed, 1);
    assert_int_equal(stats->committed_us, 2000);
    assert_int_equal(stats->failed_us, 3000);
}

static void stats_have_a_place_for_each_program(void **state)
{
    char name[16];
    struct found found = {.program = "none"};
    (void)state;
    for (int i = 0; i < 20; i++) { /* more than there are places */
        snprintf(name, sizeof name, "program-%d", i);
        stats_open(&home, name);
        stats_request(200, 1);
    }
    stats_each(find, &found);
    assert_int_equal(found.places, 16);
    assert_int_equal(stats_of("program-0")->request_us.sum, 1);
}

/* What another boot, or a program with another layout, has left is not added to. */
static void stats_begin_anew(void **state)
{
    (void)state;
    stats_open(&home, "events");
    stats_request(200, 1);
    FILE *file = fopen(temp_path(&temp, "home/run/stats"), "r+e");
    assert_non_null(file);
    assert_int_equal(fputc('?', file), '?');
    fclose(file);
    stats_open(&home, "status");
    struct found found = {.program = "events"};
    stats_each(find, &found);
    assert_int_equal(found.places, 1);
    assert_null(found.stats);
}

/* What is no program's name was written by nobody here. */
static void stats_of_a_damaged_file_begin_anew(void **state)
{
    static const char *const names[] = {"\xff\xfe", "a\"b", "a\nb", "0123456789abcdefg"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct found found = {.program = "events"};
        stats_open(&home, "events");
        stats_request(200, 1);
        FILE *file = fopen(temp_path(&temp, "home/run/stats"), "r+e");
        assert_non_null(file);
        assert_int_equal(fseek(file, 8 + (long)sizeof(struct stats), SEEK_SET), 0);
        assert_int_equal(fwrite(names[i], strlen(names[i]), 1, file), 1);
        fclose(file);
        stats_each(find, &found);
        assert_int_equal(found.places, 1);
        stats_open(&home, "events");
        assert_int_equal(stats_of("events")->request_us.sum, 0);
    }
}

/* Who may write into run/ would have another file of this account's emptied. */
static void stats_follow_no_link(void **state)
{
    (void)state;
    temp_write(&temp, "home/other", "precious");
    assert_int_equal(symlink("../other", temp_path(&temp, "home/run/stats")), 0);
    stats_open(&home, "events");
    stats_request(200, 1);
    assert_int_equal(stats_of("events")->statuses[200 - STATS_STATUS_FIRST], 1);
    assert_string_equal(temp_read(&temp, "home/other"), "precious");
    assert_true(temp_logged(&temp, "cannot use run/stats"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stats_are_added_up, setup, teardown),
        cmocka_unit_test_setup_teardown(stats_put_times_into_buckets, setup, teardown),
        cmocka_unit_test_setup_teardown(stats_tell_commits_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(stats_have_a_place_for_each_program, setup, teardown),
        cmocka_unit_test_setup_teardown(stats_begin_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(stats_of_a_damaged_file_begin_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(stats_follow_no_link, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
