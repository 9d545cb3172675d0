/* pipe_test - what is read of a pipe, and when reading comes to an end. */
#include "temp.h"

#include <fcntl.h>
#include <unistd.h>

#include "runner/pipe.h"

/* A sink, and the other end of the pipe that it is of. */
struct hearing {
    int its;
    size_t heard;
    bool writes; /* as much again as it has heard, so that there is always more */
};

static void hear(const void *bytes, size_t len, void *context)
{
    struct hearing *hearing = context;
    hearing->heard += len;
    if (hearing->writes)
        assert_int_equal(write(hearing->its, bytes, len), len);
}

static void pipe_is_drained_until_nothing_is_there(void **state)
{
    static const char bytes[5000];
    struct hearing hearing = {.writes = false};
    int ours;
    (void)state;
    assert_true(pipe_from_child(&ours, &hearing.its));
    pipe_drain(&ours, hear, &hearing);
    assert_true(ours >= 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(write(hearing.its, bytes, sizeof bytes), sizeof bytes);
    pipe_drain(&ours, hear, &hearing);
    assert_int_equal(hearing.heard, 10 * sizeof bytes);
    pipe_close(&hearing.its);
    pipe_drain(&ours, hear, &hearing);
    assert_int_equal(ours, -1);
}

/* Whoever writes on and on, and cannot be ended, is not listened to for ever. */
static void writer_without_end_is_left(void **state)
{
    struct hearing hearing = {.writes = true};
    int ours;
    (void)state;
    assert_true(pipe_from_child(&ours, &hearing.its));
    assert_int_equal(write(hearing.its, "x", 1), 1);
    pipe_drain(&ours, hear, &hearing);
    assert_true(hearing.heard > 1);
    pipe_close(&ours);
    pipe_close(&hearing.its);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipe_is_drained_until_nothing_is_there),
        cmocka_unit_test(writer_without_end_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
