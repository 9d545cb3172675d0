/* login_test - which directory will do as HOME, and what scripts are told of their account. */
#include "temp.h"

#include <pwd.h>
#include <unistd.h>

#include "home/login.h"

static struct temp temp;
static struct home home;

static int setup(void **state)
{
    static const char *const dirs[] = {"fx", "fx/in", "fxes", "there"};
    static const char *const links[][2] = {
        {"to-there", "there"}, {"to-fx", "fx"}, {"into-fx", "fx/in"}, {"to-nothing", "nothing"}};
    (void)state;
    temp_make(&temp);
    for (size_t i = 0; i < COUNT(dirs); i++)
        assert_int_equal(mkdir(temp_path(&temp, dirs[i]), 0700), 0);
    for (size_t i = 0; i < COUNT(links); i++)
        assert_int_equal(symlink(links[i][1], temp_path(&temp, links[i][0])), 0);
    temp_write(&temp, "file", "");
    config_defaults(&home.config);
    assert_non_null(realpath(temp_path(&temp, "fx"), home.dir));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_remove(&temp);
    return 0;
}

static const struct {
    const char *name;
    bool will_do;
} home_cases[] = {
    {"there", true},
    {"there/", true},
    {"to-there", true},
    {"fxes", true},
    {"", true}, /* what the home of FX Bridge lies in */
    {"nothing", false},
    {"to-nothing", false},
    {"file", false},
    {"fx", false},
    {"fx/in", false},
    {"there/../fx", false},
    {"to-fx", false},
    {"into-fx", false},
};

static void login_knows_which_home_will_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(home_cases); i++)
        if (login_is_home(&home, temp_path(&temp, home_cases[i].name)) != home_cases[i].will_do)
            fail_msg("\"%s\"", home_cases[i].name);
    assert_false(login_is_home(&home, ""));
    assert_false(login_is_home(&home, "there"));
}

static void login_is_home_whosever_it_is(void **state)
{
    (void)state;
    if (geteuid() == 0)
        assert_int_equal(chown(temp_path(&temp, "there"), 1, 1), 0);
    assert_true(login_is_home(&home, temp_path(&temp, "there")));
}

static void login_is_that_of_the_account(void **state)
{
    struct login login;
    const struct passwd *own = getpwuid(geteuid());
    (void)state;
    assert_non_null(own);
    login_of(&home, NULL, &login);
    assert_string_equal(login.name, own->pw_name);
    assert_string_equal(login.home, login_is_home(&home, own->pw_dir) ? own->pw_dir : "");
}

static void login_knows_accounts_without_a_name(void **state)
{
    static const struct account unknown = {.is_other = true, .uid = 4123456789u};
    struct login login;
    (void)state;
    snprintf(home.config.step_user, sizeof home.config.step_user, "no-such-account");
    login_of(&home, &unknown, &login);
    assert_string_equal(login.name, "4123456789");
    assert_string_equal(login.home, "");
}

static void login_has_the_home_that_is_set(void **state)
{
    struct login login;
    (void)state;
    snprintf(home.config.step_home, sizeof home.config.step_home, "/not/there");
    login_of(&home, NULL, &login);
    assert_string_equal(login.home, "/not/there");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(login_knows_which_home_will_do, setup, teardown),
        cmocka_unit_test_setup_teardown(login_is_home_whosever_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(login_is_that_of_the_account, setup, teardown),
        cmocka_unit_test_setup_teardown(login_knows_accounts_without_a_name, setup, teardown),
        cmocka_unit_test_setup_teardown(login_has_the_home_that_is_set, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
