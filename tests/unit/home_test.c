/* home_test - where the home is looked for, in which order, and what init makes of it. */
#include "temp.h"

#include <errno.h>

static struct temp temp;

static int setup(void **state)
{
    (void)state;
    temp_make(&temp);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unsetenv("FX_HOME");
    unsetenv("HOME");
    temp_remove(&temp);
    return 0;
}

static void set(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

/* Names the home of accounts that have none; what it says here is this machine's business. */
#define SYSTEM_FILE "/etc/fxbridge/home"

/* An account with a home. */
static void use_account(void)
{
    assert_int_equal(mkdir(temp_path(&temp, ".fxbridge"), 0700), 0);
    set("HOME", temp.dir);
}

static void assert_home(const char *dir, const char *expected)
{
    assert_string_equal(dir, *expected == '~' ? temp_path(&temp, ".fxbridge") : expected);
}

static const struct {
    const char *given, *fx_home, *dir;
} locate_cases[] = {
    {"/given", "/env", "/given"},
    {"relative", "/env", "relative"},
    {NULL, "/env", "/env"},
    {NULL, "relative", "relative"},
    {NULL, "", "~"},
    {NULL, NULL, "~"},
};

static void home_is_looked_for_in_order(void **state)
{
    char dir[PATH_MAX];
    (void)state;
    use_account();
    for (size_t i = 0; i < COUNT(locate_cases); i++) {
        set("FX_HOME", locate_cases[i].fx_home);
        assert_int_equal(home_locate(locate_cases[i].given, dir), ERR_OK);
        assert_home(dir, locate_cases[i].dir);
    }
    if (access(SYSTEM_FILE, F_OK) == 0)
        return;
    set("HOME", "/account"); /* has no home: here it will be made */
    assert_int_equal(home_locate(NULL, dir), ERR_OK);
    assert_string_equal(dir, "/account/.fxbridge");
    /* Without HOME, the account's entry in the user database. */
    set("HOME", NULL);
    assert_int_equal(home_locate(NULL, dir), ERR_OK);
    assert_non_null(strstr(dir, "/.fxbridge"));
    assert_int_equal(dir[0], '/');
}

static const struct {
    const char *text, *dir;
} beside_cases[] = {
    {"/beside\n", "/beside"},
    {"/beside", "/beside"},
    {"/beside\r\n/other\n", "/beside"},
    {"/with space \n", "/with space "},
    {"relative\n", "~"}, /* to which directory? */
    {"\n/second\n", "~"},
    {"", "~"},
};

/* The file beside the executable counts after FX_HOME and before the account's directory. */
static void home_file_beside_the_executable_names_it(void **state)
{
    char exe[PATH_MAX], path[PATH_MAX + 32], dir[PATH_MAX];
    (void)state;
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    assert_true(n > 0);
    exe[n] = 0;
    *strrchr(exe, '/') = 0;
    snprintf(path, sizeof path, "%s/fxbridge.home", exe);
    if (access(path, F_OK) == 0)
        skip(); /* somebody else's */
    use_account();
    for (size_t i = 0; i < COUNT(beside_cases); i++) {
        FILE *file = fopen(path, "we");
        if (!file)
            skip(); /* the program stands where it may not write */
        fputs(beside_cases[i].text, file);
        fclose(file);
        set("FX_HOME", "/env");
        enum err by_env = home_locate(NULL, dir);
        bool env_wins = strcmp(dir, "/env") == 0;
        set("FX_HOME", NULL);
        enum err by_file = home_locate(NULL, dir);
        unlink(path);
        assert_int_equal(by_env, ERR_OK);
        assert_true(env_wins);
        assert_int_equal(by_file, ERR_OK);
        assert_home(dir, beside_cases[i].dir);
    }
}

/* A path leaves room for every name that is ever put behind it, or is refused at once. */
static void home_refuses_a_path_that_is_too_long(void **state)
{
    char given[PATH_MAX + 100], dir[PATH_MAX];
    struct home home;
    size_t longest = 0;
    (void)state;
    memset(given, 'a', sizeof given);
    given[0] = '/';
    for (size_t len = PATH_MAX - 400; len < sizeof given; len++) {
        given[len] = 0;
        enum err err = home_locate(given, dir);
        given[len] = 'a';
        if (err == ERR_OK)
            longest = len;
        else
            assert_int_equal(err, ERR_INVALID);
        if (err == ERR_OK)
            assert_true(longest == len && strlen(dir) == len); /* none after the first refusal */
    }
    assert_in_range(longest, PATH_MAX - 400, PATH_MAX - 300);
    given[longest + 1] = 0;
    assert_int_equal(home_open(given, &home), ERR_INVALID);
    set("HOME", given);
    if (access(SYSTEM_FILE, F_OK) < 0) /* else that names the home */
        assert_int_equal(home_locate(NULL, dir), ERR_INVALID);
    assert_true(temp_logged(&temp, "the path of the home is too long"));
}

/* The path that counts is the real one, which a short link may hide. */
static void home_refuses_a_link_to_a_path_that_is_too_long(void **state)
{
    char part[201], link[PATH_MAX], target[2 * PATH_MAX];
    struct home home;
    size_t len = 0;
    int depth = 0, fd = open(temp.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)state;
    memset(part, 'a', 200);
    part[200] = 0;
    assert_true(fd >= 0);
    while (len + 201 + strlen(temp.dir) < PATH_MAX - 10) {
        assert_int_equal(mkdirat(fd, part, 0700), 0);
        int next = openat(fd, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(fd);
        fd = next;
        len += (size_t)snprintf(target + len, sizeof target - len, "%s%s", depth ? "/" : "", part);
        depth++;
    }
    close(fd);
    snprintf(link, sizeof link, "%s", temp_path(&temp, "link"));
    assert_int_equal(symlink(target, link), 0);
    assert_int_equal(access(link, F_OK), 0);
    assert_int_equal(home_open(link, &home), ERR_INVALID);
    assert_true(temp_logged(&temp, "the path of the home is too long"));
}

static void home_create_makes_all_that_belongs_to_it(void **state)
{
    static const char *const dirs[] = {
        "home", "home/db", "home/scripts", "home/run", "home/log", "home/uploads"};
    struct home home;
    struct config defaults;
    struct stat st;
    char real[PATH_MAX];
    (void)state;
    mode_t before = umask(022);
    assert_int_equal(home_create(temp_path(&temp, "home")), ERR_OK);
    assert_int_equal(umask(before), 022);
    for (size_t i = 0; i < COUNT(dirs); i++) {
        assert_int_equal(stat(temp_path(&temp, dirs[i]), &st), 0);
        assert_true(S_ISDIR(st.st_mode));
        /* What is made inside belongs to the same group, which writes all but scripts. */
        bool scripts = strstr(dirs[i], "scripts") != NULL;
        assert_int_equal(st.st_mode & 07777, scripts ? 02750 : 02770);
    }
    assert_int_equal(stat(temp_path(&temp, "home/fx.conf"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);

    config_defaults(&defaults);
    defaults.retention_payload_days = defaults.retention_log_days = 30; /* of a new home */
    defaults.retention_row_days = 400;
    assert_int_equal(home_open(temp_path(&temp, "home"), &home), ERR_OK);
    assert_memory_equal(&home.config, &defaults, sizeof defaults);
    assert_non_null(realpath(temp_path(&temp, "home"), real));
    assert_string_equal(home.dir, real);
}

/* What is there is kept: settings, and the permissions somebody has chosen. */
static void home_create_keeps_what_is_there(void **state)
{
    struct home home;
    struct stat st;
    (void)state;
    assert_int_equal(home_create(temp_path(&temp, "home")), ERR_OK);
    temp_write(&temp, "home/fx.conf", "[web]\nthreads = 5\n");
    assert_int_equal(chmod(temp_path(&temp, "home/log"), 0700), 0);
    assert_int_equal(rmdir(temp_path(&temp, "home/run")), 0);
    assert_int_equal(home_create(temp_path(&temp, "home")), ERR_OK);
    assert_int_equal(home_open(temp_path(&temp, "home"), &home), ERR_OK);
    assert_int_equal(home.config.web_threads, 5);
    assert_int_equal(stat(temp_path(&temp, "home/log"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(access(temp_path(&temp, "home/run"), F_OK), 0);
}

static void home_create_says_what_it_cannot_make(void **state)
{
    (void)state;
    assert_int_equal(home_create(temp_path(&temp, "none/home")), ERR_IO);
    assert_true(temp_logged(&temp, "cannot make the directory"));
    temp_write(&temp, "file", "");
    assert_int_equal(home_create(temp_path(&temp, "file")), ERR_IO);
}

static void home_open_says_what_to_do_where_there_is_none(void **state)
{
    struct home home;
    (void)state;
    assert_int_equal(home_open(temp_path(&temp, "none"), &home), ERR_NOTFOUND);
    assert_true(temp_logged(&temp, "make one with: fxctl --home "));
    temp_write(&temp, "file", "");
    assert_int_equal(home_open(temp_path(&temp, "file"), &home), ERR_NOTFOUND);
}

static void home_open_reads_the_settings(void **state)
{
    struct home home;
    (void)state;
    assert_int_equal(mkdir(temp_path(&temp, "home"), 0700), 0);
    assert_int_equal(home_open(temp_path(&temp, "home"), &home), ERR_OK); /* no fx.conf: defaults */
    assert_int_equal(home.config.web_threads, 32);
    temp_write(&temp, "home/fx.conf", "[web]\nthreads = 3\n");
    assert_int_equal(home_open(temp_path(&temp, "home"), &home), ERR_OK);
    assert_int_equal(home.config.web_threads, 3);
    temp_write(&temp, "home/fx.conf", "[web]\nthreads = 3\nthread = 4\n");
    assert_int_equal(home_open(temp_path(&temp, "home"), &home), ERR_INVALID);
    assert_true(
        temp_logged(&temp, "/home/fx.conf, line 3: there is no setting \"thread\" in [web]"));
}

static void home_open_follows_links_to_the_real_directory(void **state)
{
    struct home home;
    char real[PATH_MAX], path[PATH_MAX];
    (void)state;
    assert_int_equal(home_create(temp_path(&temp, "real")), ERR_OK);
    assert_int_equal(symlink("real", temp_path(&temp, "link")), 0);
    assert_non_null(realpath(temp_path(&temp, "real"), real));
    assert_int_equal(home_open(temp_path(&temp, "link/../link"), &home), ERR_OK);
    assert_string_equal(home.dir, real);
    home_path(&home, "run/x", path);
    assert_true(strncmp(path, real, strlen(real)) == 0);
    assert_string_equal(path + strlen(real), "/run/x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(home_is_looked_for_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(home_file_beside_the_executable_names_it, setup, teardown),
        cmocka_unit_test_setup_teardown(home_refuses_a_path_that_is_too_long, setup, teardown),
        cmocka_unit_test_setup_teardown(
            home_refuses_a_link_to_a_path_that_is_too_long, setup, teardown),
        cmocka_unit_test_setup_teardown(home_create_makes_all_that_belongs_to_it, setup, teardown),
        cmocka_unit_test_setup_teardown(home_create_keeps_what_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(home_create_says_what_it_cannot_make, setup, teardown),
        cmocka_unit_test_setup_teardown(
            home_open_says_what_to_do_where_there_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(home_open_reads_the_settings, setup, teardown),
        cmocka_unit_test_setup_teardown(
            home_open_follows_links_to_the_real_directory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
