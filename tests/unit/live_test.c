/* live_test - what a runner tells of an attempt, and any bytes in its place. */
#include "temp.h"

#include "home/live_file.h"
#include "view/live.h"

static struct temp temp;
static struct home home;
static const struct uuid id = {{1, 2, 3}};

static int setup(void **state)
{
    (void)state;
    temp_make(&temp);
    snprintf(home.dir, sizeof home.dir, "%s", temp.dir);
    assert_int_equal(mkdir(temp_path(&temp, "run"), 0700), 0);
    assert_int_equal(mkdir(temp_path(&temp, LIVE_FILE_DIR), 0700), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_remove(&temp);
    return 0;
}

static void write_file(struct span bytes)
{
    char path[PATH_MAX];
    live_file_path(&home, &id, path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

static void put_step(struct buf *out, uint16_t number, enum status status)
{
    struct live_step step = {.step = number,
        .status = (uint8_t)status,
        .started_ms = 5,
        .duration_us = 7,
        .exit_code = -1,
        .name = span_str("name")};
    live_file_put_step(out, &step);
}

static void put_piece(struct buf *out, uint16_t step, uint64_t from, const char *text)
{
    struct live_piece piece = {step, from, span_str(text)};
    live_file_put_piece(out, &piece);
}

static void put_some(struct buf *out)
{
    live_file_put_attempt(out, 3);
    put_step(out, 0, STATUS_IN_PROGRESS);
    put_step(out, 1, STATUS_PENDING);
    put_piece(out, 0, 0, "abc");
    put_piece(out, 0, 3, "def");
    put_step(out, 0, STATUS_COMPLETED);
    put_step(out, 1, STATUS_IN_PROGRESS);
    put_piece(out, 1, 0, "gone");
    put_piece(out, 1, 100, "xyz");
}

static void assert_log(const struct live *live, size_t step, uint64_t from, const char *text)
{
    struct buf log = BUF_INIT;
    assert_int_equal(live_log(live, step, &log), from);
    assert_string_equal(buf_text(&log), text);
    buf_done(&log);
}

static void live_is_read_as_it_was_told(void **state)
{
    struct live live;
    struct buf bytes = BUF_INIT;
    (void)state;
    put_some(&bytes);
    write_file(buf_span(&bytes));
    assert_false(live_read(&home, &id, 2, &live));
    assert_true(live_read(&home, &id, 3, &live));
    assert_int_equal(live.step_count, 2);
    assert_int_equal(live.steps[0].status, STATUS_COMPLETED);
    assert_int_equal(live.steps[0].started_ms, 5);
    assert_int_equal(live.steps[0].duration_us, 7);
    assert_int_equal(live.steps[0].exit_code, -1);
    assert_true(span_eq_str(live.steps[0].name, "name"));
    assert_int_equal(live.steps[1].status, STATUS_IN_PROGRESS);
    assert_log(&live, 0, 0, "abcdef");
    assert_log(&live, 1, 100, "xyz");
    assert_log(&live, 2, 0, "");
    live_done(&live);
    buf_done(&bytes);
}

/* What is whole before that counts. */
static void live_ends_with_a_part_of_a_record(void **state)
{
    struct buf bytes = BUF_INIT;
    (void)state;
    put_some(&bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        struct live live;
        struct live_mark before = live_look(&home, &id), after;
        write_file(span_of(bytes.data, len));
        after = live_look(&home, &id);
        assert_true(len == 0 || !live_is_same(&before, &after));
        if (!live_read(&home, &id, 3, &live))
            continue;
        assert_true(live.step_count <= 2);
        live_done(&live);
    }
    buf_done(&bytes);
}

/* The directory is a runner's, but a script that is not confined can write there. */
static void live_takes_any_bytes(void **state)
{
    struct buf bytes = BUF_INIT;
    (void)state;
    put_some(&bytes);
    put_step(&bytes, UINT16_MAX, STATUS_COMPLETED);
    put_step(&bytes, 1, STATUS__MAX);
    put_piece(&bytes, 1, UINT64_MAX, "far");
    for (size_t i = 0; i < bytes.len; i++) {
        for (unsigned flip = 1; flip < 256; flip <<= 1) {
            struct live live;
            struct buf log = BUF_INIT;
            bytes.data[i] ^= (uint8_t)flip;
            write_file(buf_span(&bytes));
            if (live_read(&home, &id, 3, &live)) {
                (void)live_log(&live, 1, &log);
                assert_true(log.len <= bytes.len && live.step_count <= STEPS_MAX);
                live_done(&live);
            }
            buf_done(&log);
            bytes.data[i] ^= (uint8_t)flip;
        }
    }
    buf_done(&bytes);
}

static void live_is_told_of_nowhere(void **state)
{
    struct live live;
    struct live_mark mark = live_look(&home, &id), none = {0, 0};
    (void)state;
    assert_false(live_read(&home, &id, 3, &live));
    assert_true(live_is_same(&mark, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(live_is_read_as_it_was_told, setup, teardown),
        cmocka_unit_test_setup_teardown(live_ends_with_a_part_of_a_record, setup, teardown),
        cmocka_unit_test_setup_teardown(live_takes_any_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(live_is_told_of_nowhere, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
