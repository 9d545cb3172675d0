/* patience_test - for how long a peer is waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "web/patience.h"

static const struct {
    struct patience patience;
    struct transfer transfer;
    int64_t now_ms, left_ms;
} cases[] = {
    /* Silence alone. */
    {{10, 0}, {0, 0, 0}, 0, 10000},
    {{10, 0}, {0, 0, 0}, 9999, 1},
    {{10, 0}, {0, 0, 0}, 10000, 0},
    {{10, 0}, {0, 0, 0}, 50000, 0},
    {{10, 0}, {0, 60000, 1}, 65000, 5000},
    /* And a rate: never silent, and too slow from some moment on. */
    {{10, 500}, {0, 5000, 5}, 5000, 5010},
    {{10, 500}, {0, 10000, 10}, 10000, 20},
    {{10, 500}, {0, 10000, 10}, 10020, 0},
    {{10, 500}, {0, 60000, 25000}, 60000, 0},
    {{10, 500}, {0, 60000, 30000}, 60000, 10000},
    /* Who was quick may be silent for no longer. */
    {{10, 500}, {0, 1000, 32 << 20}, 1000, 10000},
    {{10, 500}, {0, 1000, 32 << 20}, 11000, 0},
    {{600, 1}, {0, 0, 32 << 20}, 0, 600000},
};

static void peers_are_waited_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t left = patience_left_ms(&cases[i].patience, &cases[i].transfer, cases[i].now_ms);
        if (left != cases[i].left_ms)
            fail_msg("case %zu: %lld", i, (long long)left);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(peers_are_waited_for)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
