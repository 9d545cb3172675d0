/*
 * arena_test - what an arena has handed out stays where it is and as it is,
 * whatever is asked for later; and under ASan, each piece has a known end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ROUNDS 50

/* Sizes on both sides of what shares a chunk and of what a chunk holds. */
static const size_t sizes[] = {
    0, 1, 2, 7, 8, 15, 16, 17, 100, 511, 512, 513, 2015, 2016, 2017, 2048, 4096, 100000};

static void fill(uint8_t *bytes, size_t len, size_t seed)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(seed + i * 7);
}

static void check_filled(const uint8_t *bytes, size_t len, size_t seed)
{
    for (size_t i = 0; i < len; i++)
        assert_int_equal(bytes[i], (uint8_t)(seed + i * 7));
}

static void check_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        assert_int_equal(bytes[i], 0);
}

/* Texts and aligned memory in turns, so that each begins where the other left off. */
static void arena_pieces_stay_as_they_are(void **state)
{
    static uint8_t *pieces[ROUNDS][COUNT(sizes)];
    static struct span texts[ROUNDS][COUNT(sizes)];
    static uint8_t source[100000];
    struct arena arena = {0};
    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            uint8_t *piece = pieces[round][i] = arena_alloc(&arena, sizes[i]);
            assert_int_equal((uintptr_t)piece % alignof(max_align_t), 0);
            check_zero(piece, sizes[i]);
            fill(piece, sizes[i], round + i);
            fill(source, sizes[i], round * i);
            texts[round][i] = arena_copy(&arena, span_of(source, sizes[i]));
        }
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            check_filled(pieces[round][i], sizes[i], round + i);
            assert_int_equal(texts[round][i].len, sizes[i]);
            check_filled(texts[round][i].data, sizes[i], round * i);
            assert_int_equal(texts[round][i].data[sizes[i]], 0);
        }
    }
    arena_done(&arena);
}

/* Memory that was used before is zeroed as well. */
static void arena_is_usable_after_done(void **state)
{
    struct arena arena = {0};
    (void)state;
    arena_done(&arena);
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            uint8_t *piece = arena_alloc(&arena, sizes[i]);
            check_zero(piece, sizes[i]);
            fill(piece, sizes[i], 1);
        }
        arena_done(&arena);
        assert_null(arena.chunks);
        assert_int_equal(arena.left, 0);
    }
}

static void arena_copies_text(void **state)
{
    struct arena arena = {0};
    struct span nothing = arena_copy(&arena, SPAN_NONE);
    struct span inner = arena_copy(&arena, span_of("a\0b", 3));
    (void)state;
    assert_non_null(nothing.data);
    assert_int_equal(nothing.len, 0);
    assert_string_equal((const char *)nothing.data, "");
    assert_true(span_eq(inner, span_of("a\0b", 3)));
    arena_done(&arena);
}

/* All of the room may be used, and the NUL is behind it. */
static void arena_text_is_ended(void **state)
{
    struct arena arena = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *text = arena_text(&arena, sizes[i]);
        check_zero((const uint8_t *)text, sizes[i] + 1);
        memset(text, 'a', sizes[i]);
        assert_int_equal(strlen(text), sizes[i]);
    }
    arena_done(&arena);
}

static void arena_keeps_what_a_buf_has_built(void **state)
{
    struct arena arena = {0};
    struct buf text = BUF_INIT;
    (void)state;
    struct span nothing = arena_keep(&arena, &text);
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "%d,", i);
    struct span kept = arena_keep(&arena, &text);
    assert_null(text.data);
    assert_string_equal((const char *)nothing.data, "");
    assert_int_equal(strncmp((const char *)kept.data, "0,1,2,3,", 8), 0);
    assert_int_equal(strlen((const char *)kept.data), kept.len);
    arena_done(&arena);
}

struct wide {
    long double number;
    char letter;
};

static void arena_array_has_room_for_all(void **state)
{
    static const size_t counts[] = {0, 1, 3, 1000};
    struct arena arena = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(counts); i++) {
        struct wide *array = arena_array(&arena, counts[i], sizeof *array);
        assert_int_equal((uintptr_t)array % alignof(struct wide), 0);
        for (size_t k = 0; k < counts[i]; k++) {
            assert_true(array[k].number == 0 && array[k].letter == 0);
            array[k] = (struct wide){1, 'a'};
        }
    }
    arena_done(&arena);
}

/* Pieces that are asked for one after the other lie side by side, but not for the sanitizer. */
static void arena_overrun_is_seen(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    for (size_t i = 0; i < COUNT(sizes); i++) {
        int status;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct arena arena = {0};
            struct span text = arena_copy(&arena, span_of("", 0));
            volatile uint8_t *piece = arena_alloc(&arena, sizes[i]);
            (void)arena_copy(&arena, text);
            fclose(stderr);
            close(STDERR_FILENO);
            piece[sizes[i] ? sizes[i] : 1] = 1;
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_pieces_stay_as_they_are),
        cmocka_unit_test(arena_is_usable_after_done),
        cmocka_unit_test(arena_copies_text),
        cmocka_unit_test(arena_text_is_ended),
        cmocka_unit_test(arena_keeps_what_a_buf_has_built),
        cmocka_unit_test(arena_array_has_room_for_all),
        cmocka_unit_test(arena_overrun_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
