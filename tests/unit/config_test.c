/* config_test - fx.conf: its defaults, the edges of every setting, and the line of every fault. */
#include "temp.h"

#include <inttypes.h>

#include "base/names.h"
#include "home/config.h"
#include "model/scheme.h"

static const struct {
    const char *section, *key;
    const char *text; /* default of a text; NULL: a number */
    int64_t value, min, max;
    size_t offset, size;
    const char *sentence;
    const char *words; /* what alone a text may be, for which there are cases of its own */
    bool is_paths;
} settings[] = {
#define PLACE(section, key) \
    offsetof(struct config, section##_##key), sizeof(((struct config *)NULL)->section##_##key)
#define SETTING(section, key, value, min, max, sentence) \
    {#section, #key, NULL, value, min, max, PLACE(section, key), sentence, NULL, false},
#define SETTING_TEXT(section, key, value, bytes, sentence) \
    {#section, #key, value, 0, 0, bytes, PLACE(section, key), sentence, NULL, false},
#define SETTING_NAMES SETTING_TEXT
#define SETTING_PATHS(section, key, value, bytes, sentence) \
    {#section, #key, value, 0, 0, bytes, PLACE(section, key), sentence, NULL, true},
#define SETTING_PATH SETTING_PATHS
#define SETTING_URL(section, key, value, bytes, sentence) \
    {#section, #key, value, 0, 0, bytes, PLACE(section, key), sentence, "a URL", false},
#define SETTING_WORD(section, key, value, words, sentence) \
    {#section, #key, value, 0, 0, CONFIG_WORD - 1, PLACE(section, key), sentence, words, false},
    CONFIG_SETTINGS(SETTING, SETTING_TEXT, SETTING_NAMES, SETTING_PATH, SETTING_PATHS, SETTING_URL,
        SETTING_WORD)
#undef SETTING
#undef SETTING_TEXT
#undef SETTING_NAMES
#undef SETTING_PATH
#undef SETTING_PATHS
#undef SETTING_URL
#undef SETTING_WORD
};

static int64_t number_in(const struct config *config, size_t i)
{
    int64_t value;
    memcpy(&value, (const char *)config + settings[i].offset, sizeof value);
    return value;
}

static const char *text_in(const struct config *config, size_t i)
{
    return (const char *)config + settings[i].offset;
}

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
    temp_remove(&temp);
    return 0;
}

static enum err read_text(const char *text, struct config *config, struct buf *why)
{
    temp_write(&temp, "fx.conf", text);
    return config_read(temp_path(&temp, "fx.conf"), config, why);
}

static void config_has_defaults_within_their_bounds(void **state)
{
    struct config config;
    (void)state;
    memset(&config, 0xff, sizeof config);
    config_defaults(&config);
    size_t size = 0;
    for (size_t i = 0; i < COUNT(settings); i++) {
        size += settings[i].size;
        if (settings[i].text) {
            assert_string_equal(text_in(&config, i), settings[i].text);
            assert_true(settings[i].max + 1 == (int64_t)settings[i].size);
            continue;
        }
        assert_true(number_in(&config, i) == settings[i].value);
        assert_true(settings[i].min <= settings[i].value);
        assert_true(settings[i].value <= settings[i].max);
        assert_true(settings[i].min >= 0);
    }
    assert_int_equal(sizeof config, size);
}

static void config_missing_file_leaves_the_defaults(void **state)
{
    struct config config, defaults;
    struct buf why = BUF_INIT;
    (void)state;
    config_defaults(&defaults);
    memset(&config, 0xff, sizeof config);
    assert_int_equal(config_read(temp_path(&temp, "none"), &config, &why), ERR_NOTFOUND);
    assert_memory_equal(&config, &defaults, sizeof config);
    assert_int_equal(why.len, 0);
}

/* What is there and cannot be read must not pass for what is not there. */
static void config_unreadable_file_is_refused(void **state)
{
    struct config config;
    struct buf why = BUF_INIT;
    (void)state;
    assert_int_equal(symlink("loop", temp_path(&temp, "loop")), 0);
    assert_int_equal(config_read(temp_path(&temp, "loop"), &config, &why), ERR_INVALID);
    assert_non_null(strstr(buf_text(&why), "cannot be read"));
    buf_clear(&why);
    assert_int_equal(config_read(temp.dir, &config, &why), ERR_INVALID);
    assert_non_null(strstr(buf_text(&why), "cannot be read"));
    buf_done(&why);
}

/* One file that sets everything to the given bound, then one step beyond for each. */
static void config_takes_each_number_up_to_its_edges(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(settings); i++) {
        if (settings[i].text)
            continue;
        const int64_t good[] = {settings[i].min, settings[i].max};
        const int64_t bad[] = {settings[i].min - 1, settings[i].max + 1};
        for (size_t edge = 0; edge < 2; edge++) {
            struct config config, expected;
            struct buf why = BUF_INIT;
            char text[256], said[256];
            snprintf(text, sizeof text, "[%s]\n%s = %" PRId64 "\n", settings[i].section,
                settings[i].key, good[edge]);
            assert_int_equal(read_text(text, &config, &why), ERR_OK);
            assert_int_equal(why.len, 0);
            config_defaults(&expected);
            memcpy((char *)&expected + settings[i].offset, &good[edge], sizeof good[edge]);
            assert_memory_equal(&config, &expected, sizeof config);

            snprintf(text, sizeof text, "[%s]\n\n%s = %" PRId64 "\n", settings[i].section,
                settings[i].key, bad[edge]);
            snprintf(said, sizeof said,
                "line 3: %s wants a whole number from %" PRId64 " to %" PRId64, settings[i].key,
                settings[i].min, settings[i].max);
            assert_int_equal(read_text(text, &config, &why), ERR_INVALID);
            assert_string_equal(buf_text(&why), said);
            buf_done(&why);
        }
    }
}

/* As long as may be, on as many lines as that takes, and one byte more. */
static void config_takes_each_text_up_to_its_edge(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(settings); i++) {
        if (settings[i].words)
            continue;
        for (int64_t len = settings[i].max; settings[i].text && len <= settings[i].max + 1; len++) {
            struct config config;
            struct buf text = BUF_INIT, why = BUF_INIT, value = BUF_INIT;
            const char *one = settings[i].is_paths ? "/" : "x";
            for (int64_t at = 0; at < len; at++)
                buf_add_str(&value, at % 100 == 99 ? " " : one);
            buf_printf(&text, "[%s]\n%s = ", settings[i].section, settings[i].key);
            for (int64_t at = 0; at < len; at++)
                buf_add_str(&text, at % 100 == 99 ? "\n  " : one);
            enum err err = read_text(buf_text(&text), &config, &why);
            if (len == settings[i].max) {
                assert_int_equal(err, ERR_OK);
                assert_string_equal(text_in(&config, i), buf_text(&value));
            } else {
                assert_int_equal(err, ERR_INVALID);
                assert_non_null(strstr(buf_text(&why), " has more than "));
            }
            buf_done(&text);
            buf_done(&why);
            buf_done(&value);
        }
    }
}

static const struct {
    const char *value;
    bool good;
} word_cases[] = {
    {"auto", true},
    {"require", true},
    {"off", true},
    {"", false},
    {"aut", false},
    {"autos", false},
    {"auto|off", false},
    {"|", false},
    {"Off", false},
    {"require an arm", false},
    {"a word of many bytes, more than are kept", false},
};

static void config_takes_words_of_a_choice_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(word_cases); i++) {
        struct config config;
        struct buf text = BUF_INIT, why = BUF_INIT;
        buf_printf(&text, "[step]\nconfine = %s\n", word_cases[i].value);
        enum err err = read_text(buf_text(&text), &config, &why);
        assert_int_equal(err, word_cases[i].good ? ERR_OK : ERR_INVALID);
        if (err)
            assert_string_equal(buf_text(&why), "line 2: confine wants one of auto|require|off");
        else
            assert_string_equal(config.step_confine, word_cases[i].value);
        buf_done(&text);
        buf_done(&why);
    }
}

/* Whatever proves who sends is never kept: the headers that a provider signs in are listed. */
static void config_keeps_no_signature(void **state)
{
    struct buf providers = BUF_INIT;
    char *rest = NULL;
    (void)state;
    buf_add_str(&providers, scheme_providers());
    for (char *p = strtok_r((char *)providers.data, ", ", &rest); p;
         p = strtok_r(NULL, ", ", &rest)) {
        const struct scheme *scheme = scheme_preset(span_str(p));
        if (!scheme)
            continue; /* a generic one has no header until somebody names it */
        assert_true(names_have(KEEP_HEADERS_NEVER, scheme->header));
        assert_true(!scheme->alt_header[0] || names_have(KEEP_HEADERS_NEVER, scheme->alt_header));
    }
    buf_done(&providers);
}

static const struct {
    const char *value, *why; /* NULL: it is good */
} url_cases[] = {
    {"", NULL},
    {"https://fx.example.org", NULL},
    {"http://127.0.0.1:8080/below/", NULL},
    {"HTTPS://fx.example.org/", NULL},
    {"fx.example.org", "a URL begins with http:// or https://"},
    {"/fx", "a URL begins with http:// or https://"},
    {"ftp://fx.example.org", "a URL begins with http:// or https://"},
    {"javascript:alert(1)", "a URL begins with http:// or https://"},
    {"https://", "a URL needs a host after http:// or https://"},
    {"https://me:secret@fx.example.org",
        "a URL here must not hold credentials; use headers or secret"},
    {"https://fx.example.org\n  /below",
        "a URL has only the characters of RFC 3986; others are percent-encoded"},
    {"https://fx.example.org/?a=", "a path goes behind it, so it has no \"?\" and \"#\""},
    {"https://fx.example.org/#a", "a path goes behind it, so it has no \"?\" and \"#\""},
};

static void config_takes_urls_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(url_cases); i++) {
        struct config config;
        struct buf text = BUF_INIT, why = BUF_INIT;
        buf_printf(&text, "[web]\npublic_url = %s\n", url_cases[i].value);
        enum err err = read_text(buf_text(&text), &config, &why);
        assert_int_equal(err, url_cases[i].why ? ERR_INVALID : ERR_OK);
        if (err)
            assert_string_equal(
                strstr(buf_text(&why), "public_url: ") + strlen("public_url: "), url_cases[i].why);
        else
            assert_string_equal(config.web_public_url, url_cases[i].value);
        buf_done(&text);
        buf_done(&why);
    }
}

static const struct {
    const char *text, *allow;
} text_cases[] = {
    {"", ""},
    {"[http]\nallow =\n", ""},
    {"[http]\nallow = 10.0.0.0/8\n", "10.0.0.0/8"},
    {"[http]\nallow = a, fd00::/8 ; a remark\n", "a, fd00::/8"},
    {"[http]\nallow = a,\n    b,\n\tc\n", "a, b, c"},
    {"[http]\nallow =\n  a\n  b\n", "a b"},
    {"[http]\nallow = a,\n# a remark\n\n  b\nconnect_seconds = 7\n", "a, b"},
    {"[http]\nallow = a\nallow = b\n", "b"},
    {"[http]\nallow = a\n  b\nallow = c\n  d\n", "c d"},
    {"[http]\nallow = a\n[web]\n[http]\n  allow = b\n", "b"},
};

static void config_reads_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(text_cases); i++) {
        struct config config;
        struct buf why = BUF_INIT;
        if (read_text(text_cases[i].text, &config, &why) != ERR_OK)
            fail_msg("%s: %s", text_cases[i].text, buf_text(&why));
        assert_string_equal(config.http_allow, text_cases[i].allow);
    }
}

#define RULE_50 "--------------------------------------------------"
#define RULE_250 RULE_50 RULE_50 RULE_50 RULE_50 RULE_50
#define THREADS "threads wants a whole number from 1 to 256"
#define BEHIND ", without a unit or anything else behind it"
#define NO_TEXT "is no text in UTF-8"
#define PATH "home wants an absolute path"
#define PATHS " wants absolute paths with \":\" between them"
#define SYNTAX "not a [section], a comment or \"key = value\""

static const struct {
    const char *text;
    int64_t threads;
} good_cases[] = {
    {"", 32},
    {"\n\n", 32},
    {"# only a comment\n; and another", 32},
    {"[web]\nthreads=7", 7},
    {"[web]\nthreads = 7\n", 7},
    {"[web]\r\nthreads = 7\r\n", 7},
    {"[web]\n\t threads\t=\t7  \n", 7},
    {"[web]\nthreads = +7\n", 7},
    {"[web]\nthreads = 007\n", 7},
    {"[web]\nthreads: 7\n", 7},
    {"[web]\nthreads = 7 ; a remark\n", 7},
    {"\xef\xbb\xbf[web]\nthreads = 7\n", 7},
    {"[web]\nthreads = 6\n[store]\n[web]\nthreads = 7\n", 7},
    /* Lines of any length, where they say nothing. */
    {"[web]\n#" RULE_250 "\nthreads = 7\n", 7},
    {"[web]\n  ; threads = 9" RULE_250 "threads = 8\nthreads = 7\n", 7},
    {"[web]\nthreads = 7\n# the end" RULE_250, 7},
    /* One path may have a colon in it, and may be none. */
    {"[web]\nthreads = 7\n[step]\nhome = /srv/a:b", 7},
    {"[web]\nthreads = 7\n[step]\nhome =", 7},
};

static void config_reads_what_is_written_well(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_cases); i++) {
        struct config config;
        struct buf why = BUF_INIT;
        if (read_text(good_cases[i].text, &config, &why) != ERR_OK)
            fail_msg("%s: %s", good_cases[i].text, buf_text(&why));
        assert_int_equal(config.web_threads, good_cases[i].threads);
        assert_int_equal(why.len, 0);
    }
}

static const struct {
    const char *text, *why;
} bad_cases[] = {
    {"[web]\nthreads = many\n", "line 2: " THREADS},
    {"[web]\nthreads =\n", "line 2: " THREADS},
    {"[web]\nthreads = 1.5\n", "line 2: " THREADS BEHIND},
    {"[web]\nthreads = 0x10\n", "line 2: " THREADS BEHIND},
    {"[web]\nthreads = 1e1\n", "line 2: " THREADS BEHIND},
    {"[web]\nthreads = 7 # a remark\n", "line 2: " THREADS BEHIND},
    {"[web]\nthreads = 7 8\n", "line 2: " THREADS BEHIND},
    {"[web]\nthreads = -1\n", "line 2: " THREADS},
    {"[web]\nthreads = 99999999999999999999\n", "line 2: " THREADS},
    {"[web]\nthreads = -99999999999999999999\n", "line 2: " THREADS},
    {"[web]\nthreads = 8M\n", "line 2: " THREADS BEHIND},
    {"[web]\nthreads = 30 seconds\n", "line 2: " THREADS BEHIND},
    {"# of \xe4\n[step]\nhome = /\xe4\n", "line 3: " NO_TEXT},
    {"\xff\xfe[web]\nthreads = 8\n", "line 1: " NO_TEXT},
    {"# a\n\n[web]\n# b\nthreads = 0\nthreads = 9\n", "line 5: " THREADS},
    {"threads = 7\n", "line 1: the setting \"threads\" stands before the first [section]"},
    {"[store]\nthreads = 7\n", "line 2: there is no setting \"threads\" in [store]"},
    {"[web]\nThreads = 7\n", "line 2: there is no setting \"Threads\" in [web]"},
    {"[Web]\nthreads = 7\n", "line 2: there is no setting \"threads\" in [Web]"},
    {"[web]\nthreads = 7\n\n[webb]\nthreads = 8\n",
        "line 5: there is no setting \"threads\" in [webb]"},
    {"[web]\n= 7\n", "line 2: there is no setting \"\" in [web]"},
    {"[web]\nthreads\n", "line 2: " SYNTAX},
    {"[web\nthreads = 7\n", "line 1: " SYNTAX},
    {"\n\nhello\n", "line 3: " SYNTAX},
    /* Names that are asked of requests. */
    {"[web]\nkeep_headers = X-A x_b\n",
        "line 2: keep_headers: \"x_b\" is no such name; each is written out, of letters, digits "
        "and \"-\""},
    {"[web]\nkeep_headers = X-GitHub-*\n",
        "line 2: keep_headers: \"X-GitHub-*\" is no such name; each is written out, of letters, "
        "digits and \"-\""},
    {"[web]\nkeep_headers = A:B\n",
        "line 2: keep_headers: \"A:B\" is no such name; each is written out, of letters, digits "
        "and \"-\""},
    {"[web]\nkeep_query = a,b\n",
        "line 2: keep_query: \"a,b\" is no such name; each is written out, of letters, digits and "
        "\".\", \"_\", \"-\""},
    {"[web]\nkeep_headers = User-Agent\n    X-API-Key\n",
        "line 3: keep_headers: \"X-API-Key\" may say who sends the request, and is never kept; "
        "take "
        "it out of the list"},
    {"[web]\nkeep_headers = authorization\n",
        "line 2: keep_headers: \"authorization\" may say who sends the request, and is never kept; "
        "take it out of the list"},
    {"[web]\nkeep_query = a KEY\n",
        "line 2: keep_query: \"KEY\" may say who sends the request, and is never kept; take it out "
        "of the list"},
    {"[web]\nkeep_query = a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6 7\n",
        "line 2: keep_query has more than 32 names"},
    {"[web]\nkeep_headers = " RULE_50 RULE_50 "-----------------------------\n",
        "line 2: keep_headers: \"" RULE_50 RULE_50
        "-----------------------------\" has more than 128 bytes"},
    {"[web]\nkeep_address = 2\n", "line 2: keep_address wants a whole number from 0 to 1"},
    /* The first fault is the one that is told, with its own line. */
    {"[web]\nthreads = 0\nbody_bytes = 0\n", "line 2: " THREADS},
    {"[web]\nthreads = 0\nhello\n", "line 2: " THREADS},
    {"[web]\nhello\nthreads = 0\n", "line 2: " SYNTAX},
    {"[web]\nthreads = 7\nhello\nnonsense = 1\n", "line 3: " SYNTAX},
    /* A line that is too long for the parser must not be taken for two. */
    {"[web]\nthreads = 7 ;" RULE_250 "\nthreads = 0\n", "line 2: is too long"},
    {"[web]\nthreads = 0\nthreads = 7 ;" RULE_250 "\n", "line 2: " THREADS},
    {"[web]\n#" RULE_250 "\nthreads = 0\n", "line 3: " THREADS},
    {RULE_250 "\n", "line 1: is too long"},
    {"[step]\nhome = fx\n", "line 2: " PATH},
    {"[step]\nhome = ~\n", "line 2: " PATH},
    {"[step]\nhome = $HOME:/home\n", "line 2: " PATH},
    {"[step]\npath = bin\n", "line 2: path" PATHS},
    {"[step]\npath = /bin:\n", "line 2: path" PATHS},
    {"[step]\npath = :/bin\n", "line 2: path" PATHS},
    {"[step]\npath = /bin::/sbin\n", "line 2: path" PATHS},
    {"[step]\npath = /bin:.\n", "line 2: path" PATHS},
    {"[step]\npath =\n", "line 2: path" PATHS},
};

static void config_names_the_line_of_a_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_cases); i++) {
        struct config config;
        struct buf why = BUF_INIT;
        if (read_text(bad_cases[i].text, &config, &why) != ERR_INVALID)
            fail_msg("accepted: %s", bad_cases[i].text);
        if (strcmp(buf_text(&why), bad_cases[i].why) != 0)
            fail_msg(
                "%s\nsays:   %s\nwanted: %s", bad_cases[i].text, buf_text(&why), bad_cases[i].why);
        buf_done(&why);
    }
}

/* Around the longest line the parser takes, nothing is cut in silence. */
static void config_never_cuts_a_line(void **state)
{
    (void)state;
    for (size_t pad = 170; pad < 420; pad++) {
        struct config config;
        struct buf text = BUF_INIT, why = BUF_INIT;
        buf_add_str(&text, "[web]\nthreads = ");
        for (size_t i = 0; i < pad; i++)
            buf_add_char(&text, ' ');
        buf_add_str(&text, "77\nbody_bytes = 4096\n");
        enum err err = read_text(buf_text(&text), &config, &why);
        if (err == ERR_OK) {
            assert_int_equal(config.web_threads, 77);
            assert_int_equal(config.web_body_bytes, 4096);
        } else {
            assert_int_equal(err, ERR_INVALID);
            assert_string_equal(buf_text(&why), "line 2: is too long");
        }
        buf_done(&text);
        buf_done(&why);
    }
}

/* As it is written, and with every "# " before a key taken away. */
static void config_reads_back_the_file_it_writes(void **state)
{
    struct buf text = BUF_INIT, plain = BUF_INIT, why = BUF_INIT;
    struct config config, defaults;
    (void)state;
    config_defaults(&defaults);
    config_write_defaults(&text);
    assert_int_equal(read_text(buf_text(&text), &config, &why), ERR_OK);
    assert_memory_equal(&config, &defaults, sizeof config);

    for (size_t i = 0; i < COUNT(settings); i++) {
        char line[128];
        if (settings[i].text)
            snprintf(line, sizeof line, "\n# %s = %s\n", settings[i].key, settings[i].text);
        else
            snprintf(
                line, sizeof line, "\n# %s = %" PRId64 "\n", settings[i].key, settings[i].value);
        assert_non_null(strstr(buf_text(&text), line));
        assert_non_null(strstr(buf_text(&text), settings[i].sentence));
    }
    size_t keys = 0;
    char *rest = NULL, *all = mem_strdup(buf_text(&text));
    for (char *line = strtok_r(all, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        bool is_key = strncmp(line, "# ", 2) == 0 && strstr(line, " = ") &&
                      strspn(line + 2, "abcdefghijklmnopqrstuvwxyz_") ==
                          (size_t)(strstr(line, " = ") - line) - 2;
        keys += is_key;
        buf_printf(&plain, "%s\n", is_key ? line + 2 : line);
    }
    free(all);
    assert_int_equal(keys, COUNT(settings));
    if (read_text(buf_text(&plain), &config, &why) != ERR_OK)
        fail_msg("%s", buf_text(&why));
    assert_memory_equal(&config, &defaults, sizeof config);
    buf_done(&text);
    buf_done(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_has_defaults_within_their_bounds),
        cmocka_unit_test_setup_teardown(config_missing_file_leaves_the_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(config_unreadable_file_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(config_takes_each_number_up_to_its_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(config_takes_each_text_up_to_its_edge, setup, teardown),
        cmocka_unit_test_setup_teardown(config_takes_words_of_a_choice_alone, setup, teardown),
        cmocka_unit_test(config_keeps_no_signature),
        cmocka_unit_test_setup_teardown(config_takes_urls_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(config_reads_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(config_reads_what_is_written_well, setup, teardown),
        cmocka_unit_test_setup_teardown(config_names_the_line_of_a_fault, setup, teardown),
        cmocka_unit_test_setup_teardown(config_never_cuts_a_line, setup, teardown),
        cmocka_unit_test_setup_teardown(config_reads_back_the_file_it_writes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
