/* id_test - UUIDs: text, order, threads and forks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/id.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The example of RFC 9562, appendix A.6. */
#define EXAMPLE "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"

static const char *const bad_texts[] = {
    "",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
    " 017f22e2-79b0-7cc3-98c4-dc0c0c07398",
    "017f22e279b07cc398c4dc0c0c07398f",
    "017f22e2079b0-7cc3-98c4-dc0c0c07398f",
    "017f22e-279b0-7cc3-98c4-dc0c0c07398f",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398/",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398:",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398@",
    "0x7f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
    "017f22e2-79b0-7cc3-98c4-dc0c0c0739\x38\xff",
};

static void uuid_make_follows_the_example(void **state)
{
    struct uuid id = uuid_make(0x017f22e279b0, 0xcc3, UINT64_C(0x18c4dc0c0c07398f));
    char text[UUID_TEXT];

    (void)state;
    uuid_format(&id, text);
    assert_string_equal(text, EXAMPLE);
}

static void uuid_make_keeps_version_and_variant(void **state)
{
    struct uuid id = uuid_make(-1, UINT16_MAX, UINT64_MAX);
    char text[UUID_TEXT];

    (void)state;
    uuid_format(&id, text);
    assert_string_equal(text, "ffffffff-ffff-7fff-bfff-ffffffffffff");
    id = uuid_floor(0);
    uuid_format(&id, text);
    assert_string_equal(text, "00000000-0000-7000-8000-000000000000");
}

static void uuid_parse_reads_either_case(void **state)
{
    struct uuid lower, upper;
    char text[UUID_TEXT];

    (void)state;
    assert_true(uuid_parse(span_str(EXAMPLE), &lower));
    assert_true(uuid_parse(span_str("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), &upper));
    assert_true(uuid_eq(&lower, &upper));
    uuid_format(&upper, text);
    assert_string_equal(text, EXAMPLE);
}

static void uuid_parse_refuses_other_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_texts); i++) {
        struct uuid id = uuid_floor(1), before = id;

        if (uuid_parse(span_str(bad_texts[i]), &id))
            fail_msg("accepted: %s", bad_texts[i]);
        assert_true(uuid_eq(&id, &before));
    }
}

static void uuid_none_is_recognized(void **state)
{
    struct uuid none = UUID_NONE, id = uuid_new();

    (void)state;
    assert_true(uuid_is_none(&none));
    assert_false(uuid_is_none(&id));
    assert_int_equal(uuid_span(&id).len, 16);
}

/* Far more than the counter holds in a millisecond. */
static void uuid_new_counts_up(void **state)
{
    struct uuid last = uuid_floor(clock_wall_ms());

    (void)state;
    for (int i = 0; i < 200000; i++) {
        struct uuid id = uuid_new();

        assert_true(memcmp(id.bytes, last.bytes, sizeof(id.bytes)) > 0);
        assert_int_equal(id.bytes[6] >> 4, 7);
        assert_int_equal(id.bytes[8] >> 6, 2);
        last = id;
    }
}

static void uuid_floor_is_below_new(void **state)
{
    struct uuid later = uuid_floor(clock_wall_ms() + 60000);
    struct uuid id = uuid_new();

    (void)state;
    assert_true(memcmp(id.bytes, later.bytes, sizeof(id.bytes)) < 0);
}

#define THREADS 4
#define IDS_EACH 20000

static struct uuid made[THREADS][IDS_EACH];

static void *make_ids(void *row)
{
    struct uuid *ids = row;

    for (size_t i = 0; i < IDS_EACH; i++)
        ids[i] = uuid_new();
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct uuid));
}

static void uuid_new_is_unique_across_threads(void **state)
{
    pthread_t threads[THREADS];
    struct uuid *all = &made[0][0];

    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_ids, made[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (size_t t = 0; t < THREADS; t++)
        for (size_t i = 1; i < IDS_EACH; i++)
            assert_true(compare_ids(&made[t][i - 1], &made[t][i]) < 0);
    qsort(all, THREADS * IDS_EACH, sizeof(all[0]), compare_ids);
    for (size_t i = 1; i < THREADS * IDS_EACH; i++)
        assert_true(compare_ids(&all[i - 1], &all[i]) < 0);
}

/* A child must not go on with random bytes that its parent also has. */
static void uuid_new_differs_after_fork(void **state)
{
    struct uuid ours, theirs;
    int fds[2], status;
    pid_t child;

    (void)state;
    (void)uuid_new();
    assert_int_equal(pipe(fds), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        theirs = uuid_new();
        _exit(write(fds[1], &theirs, sizeof(theirs)) == sizeof(theirs) ? 0 : 1);
    }
    ours = uuid_new();
    assert_int_equal(read(fds[0], &theirs, sizeof(theirs)), sizeof(theirs));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_memory_not_equal(ours.bytes + 8, theirs.bytes + 8, 8);
    close(fds[0]);
    close(fds[1]);
}

static void random_bytes_fills_all(void **state)
{
    uint8_t bytes[4096] = {0};
    unsigned zeros = 0;

    (void)state;
    random_bytes(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        zeros += bytes[i] == 0;
    /* Sixteen are expected; a hundred have no chance. */
    assert_true(zeros < 100);
    random_bytes(bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uuid_make_follows_the_example),
        cmocka_unit_test(uuid_make_keeps_version_and_variant),
        cmocka_unit_test(uuid_parse_reads_either_case),
        cmocka_unit_test(uuid_parse_refuses_other_text),
        cmocka_unit_test(uuid_none_is_recognized),
        cmocka_unit_test(uuid_new_counts_up),
        cmocka_unit_test(uuid_floor_is_below_new),
        cmocka_unit_test(uuid_new_is_unique_across_threads),
        cmocka_unit_test(uuid_new_differs_after_fork),
        cmocka_unit_test(random_bytes_fills_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
