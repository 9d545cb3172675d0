/* ascii_test - digits, numbers and spaces. */
#include "temp.h"

#include "base/ascii.h"

static void hex_is_of_either_case(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        assert_int_equal(ascii_hex((uint8_t)c), digit);
        assert_int_equal(ascii_is_digit((uint8_t)c), c >= '0' && c <= '9');
        assert_int_equal(ascii_lower((uint8_t)c), c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
}

static void numbers_are_digits_alone(void **state)
{
    static const char *const bad[] = {
        "", " 1", "1 ", "+1", "-1", "0x1", "1.0", "1e2", "a", "\xb2", "1\t", "/", ":"};
    uint64_t number = 7;
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(ascii_number(span_str(bad[i]), UINT64_MAX, &number));
    assert_false(ascii_number(SPAN_NONE, UINT64_MAX, &number));
    assert_true(ascii_number(span_str("000123"), 123, &number));
    assert_int_equal(number, 123);
    assert_true(ascii_number(span_of("12345", 2), 12, &number));
    assert_int_equal(number, 12);
}

static void numbers_keep_below_their_limit(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool good;
    } cases[] = {
        {"0", 0, true},
        {"1", 0, false},
        {"9", 5, false},
        {"10", 9, false},
        {"1000", 1000, true},
        {"1001", 1000, false},
        {"99999999999999999999999999", 1000, false},
        {"18446744073709551615", UINT64_MAX, true},
        {"18446744073709551616", UINT64_MAX, false},
        {"184467440737095516150", UINT64_MAX, false},
    };
    uint64_t number;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(
            ascii_number(span_str(cases[i].text), cases[i].max, &number), cases[i].good);
    assert_true(ascii_number(span_str("18446744073709551615"), UINT64_MAX, &number));
    assert_true(number == UINT64_MAX);
}

static void trim_takes_the_ends(void **state)
{
    static const char *const cases[][3] = {
        {"", ASCII_BLANK, ""},
        {" \t ", ASCII_BLANK, ""},
        {" a b\t", ASCII_BLANK, "a b"},
        {"\na\r\n", ASCII_BLANK, "\na\r\n"},
        {"\n\t{} \r\n", ASCII_JSON_SPACE, "{}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_true(span_eq_str(ascii_trim(span_str(cases[i][0]), cases[i][1]), cases[i][2]));
    assert_int_equal(ascii_trim(SPAN_NONE, ASCII_BLANK).len, 0);
    assert_int_equal(ascii_trim(span_of(" \0 ", 3), ASCII_BLANK).len, 1); /* a NUL is no space */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_is_of_either_case),
        cmocka_unit_test(numbers_are_digits_alone),
        cmocka_unit_test(numbers_keep_below_their_limit),
        cmocka_unit_test(trim_takes_the_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
