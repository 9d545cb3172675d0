/*
 * store_test - the environment: opening, group commit, growth, readers that died,
 * a full map, a full disk, and cursors at their edges.
 *
 * What needs a second process runs this program again with a word that names its
 * part (never a fork of a process that has the environment open).
 */
#include "temp.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "base/pack.h"
#include "store/key.h"
#include "store/open.h"
#include "store/store.h"

extern char **environ;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* Its search for deadlocks has room for 64 locks of one thread, and so of readers. */
#if defined(__SANITIZE_THREAD__)
#define FEW_LOCKS true
#else
#define FEW_LOCKS false
#endif

#define CHUNK MIB(1)
#define PART_SKIPPED 77

static struct temp temp;
static struct home home;
static struct store *store;

static int setup_home(void **state)
{
    (void)state;
    temp_make(&temp);
    temp_home(&temp, &home);
    store = NULL;
    return 0;
}

static int setup(void **state)
{
    setup_home(state);
    assert_int_equal(store_create(&home), ERR_OK);
    assert_int_equal(store_open(&home, STORE_READ_WRITE, &store), ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_close(store);
    temp_remove(&temp);
    return 0;
}

/* Opened afresh, the store looks at the free room at its next write. */
static void reopen(void)
{
    store_close(store);
    store = NULL;
    assert_int_equal(store_open(&home, STORE_READ_WRITE, &store), ERR_OK);
}

/* Mutations. */

static enum err put_text(struct store_txn *txn, void *context)
{
    const char *const *pair = context;
    return store_put(txn, TABLE_DATA, span_str(pair[0]), span_str(pair[1]));
}

static enum err set_text(const char *key, const char *value)
{
    const char *pair[] = {key, value};
    return store_write(store, 0, put_text, pair);
}

/* The value of a key, copied; NULL where there is none. */
static const char *get_text(const char *key)
{
    static char text[256];
    struct store_txn *txn;
    struct span value;
    assert_int_equal(store_read_begin(store, &txn), ERR_OK);
    enum err err = store_get(txn, TABLE_DATA, span_str(key), &value);
    if (!err)
        snprintf(text, sizeof text, "%.*s", (int)value.len, (const char *)value.data);
    store_read_end(txn);
    assert_true(err == ERR_OK || err == ERR_NOTFOUND);
    return err ? NULL : text;
}

static uint64_t counter(const char *name)
{
    struct store_txn *txn;
    uint64_t value = 0;
    assert_int_equal(store_read_begin(store, &txn), ERR_OK);
    assert_int_equal(store_counter(txn, name, &value), ERR_OK);
    store_read_end(txn);
    return value;
}

static enum err count(struct store_txn *txn, void *context)
{
    uint64_t value;
    return store_next(txn, context, &value);
}

/* A megabyte whose bytes tell its number. */
struct chunk {
    uint64_t number;
    size_t len;
};

static enum err put_chunk(struct store_txn *txn, void *context)
{
    const struct chunk *chunk = context;
    struct key key = key_of_seq(chunk->number);
    uint8_t *bytes = mem_alloc(chunk->len);
    memset(bytes, (int)(chunk->number * 7 + 1), chunk->len);
    enum err err = store_put(txn, TABLE_LOGS, key_span(&key), span_of(bytes, chunk->len));
    free(bytes);
    return err;
}

static enum err del_chunk(struct store_txn *txn, void *context)
{
    const struct chunk *chunk = context;
    struct key key = key_of_seq(chunk->number);
    return store_del(txn, TABLE_LOGS, key_span(&key));
}

static enum err write_chunk(struct store *to, unsigned flags, uint64_t number)
{
    struct chunk chunk = {number, CHUNK};
    return store_write(to, flags, put_chunk, &chunk);
}

static bool chunk_is_whole(struct store *from, uint64_t number)
{
    struct store_txn *txn;
    struct span value;
    struct key key = key_of_seq(number);
    if (store_read_begin(from, &txn))
        return false;
    bool whole = store_get(txn, TABLE_LOGS, key_span(&key), &value) == ERR_OK && value.len == CHUNK;
    for (size_t i = 0; whole && i < value.len; i += 4096)
        whole = value.data[i] == (uint8_t)(number * 7 + 1);
    store_read_end(txn);
    return whole;
}

/* Another process: this program, which plays a part and says when it is ready. */

struct part {
    pid_t pid;
    int in, out; /* its standard input and output */
};

static struct part part_start(const char *name, const char *argument)
{
    int in[2], out[2];
    char dir[PATH_MAX], argv1[32], argv3[32];
    struct part part;
    posix_spawn_file_actions_t actions;
    snprintf(dir, sizeof dir, "%s", temp_path(&temp, "home"));
    snprintf(argv1, sizeof argv1, "%s", name);
    snprintf(argv3, sizeof argv3, "%s", argument);
    /* The name, and not /proc/self/exe, which under valgrind is valgrind's. */
    char *argv[] = {program_invocation_name, argv1, dir, argv3, NULL};
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    assert_int_equal(posix_spawn(&part.pid, argv[0], &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    part.in = in[1];
    part.out = out[0];
    return part;
}

/* Waits until it is ready, and gives the number it says. */
static long part_ready(struct part *part)
{
    char text[32];
    ssize_t n = read(part->out, text, sizeof text - 1);
    if (n <= 0)
        fail_msg("the other process did not get ready");
    text[n] = 0;
    return strtol(text, NULL, 10);
}

/* Its exit status, or minus the signal that ended it. */
static int part_end(struct part *part)
{
    int status;
    close(part->in);
    assert_int_equal(waitpid(part->pid, &status, 0), part->pid);
    close(part->out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int part_kill(struct part *part)
{
    kill(part->pid, SIGKILL);
    return part_end(part);
}

static int play(const char *name, const char *argument)
{
    struct part part = part_start(name, argument);
    return part_end(&part);
}

/* In such a process there is no cmocka: a fault is told and ends it. */
#define NEED(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "ERROR: %s:%d: %s\n", __FILE__, __LINE__, #condition); \
            _exit(1); \
        } \
    } while (0)

static void part_say(long number)
{
    char text[32], byte;
    int len = snprintf(text, sizeof text, "%ld\n", number);
    NEED(write(STDOUT_FILENO, text, (size_t)len) == len);
    (void)!read(STDIN_FILENO, &byte, 1); /* until the other end is closed */
}

static void part_open(const char *dir)
{
    NEED(home_open(dir, &home) == ERR_OK);
    home.config.store_map_bytes = MIB(16);
    home.config.store_disk_reserve_bytes = 0;
    NEED(store_open(&home, STORE_READ_WRITE, &store) == ERR_OK);
}

/* Opening. */

static void store_is_missing_before_init(void **state)
{
    (void)state;
    assert_int_equal(store_open(&home, STORE_READ_WRITE, &store), ERR_NOTFOUND);
    assert_int_equal(store_open(&home, STORE_READ_ONLY, &store), ERR_NOTFOUND);
    assert_null(store);
    assert_true(temp_logged(&temp, "there is no database in "));
    assert_true(temp_logged(&temp, " init"));
    /* Asking makes nothing. */
    assert_int_not_equal(access(temp_path(&temp, "home/db/data.mdb"), F_OK), 0);

    assert_int_equal(rmdir(temp_path(&temp, "home/db")), 0);
    assert_int_equal(store_open(&home, STORE_READ_WRITE, &store), ERR_NOTFOUND);
    assert_int_equal(store_create(&home), ERR_NOTFOUND);
}

static void store_is_made_for_the_group(void **state)
{
    struct stat st;
    (void)state;
    mode_t before = umask(022);
    enum err err = store_create(&home);
    assert_int_equal(umask(before), 022);
    assert_int_equal(err, ERR_OK);
    assert_int_equal(stat(temp_path(&temp, "home/db/data.mdb"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
    assert_int_equal(stat(temp_path(&temp, "home/db/lock.mdb"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
}

static void store_create_keeps_what_is_there(void **state)
{
    (void)state;
    assert_int_equal(set_text("a", "kept"), ERR_OK);
    store_close(store);
    store = NULL;
    assert_int_equal(store_create(&home), ERR_OK);
    reopen();
    assert_string_equal(get_text("a"), "kept");
}

static enum err set_layout(struct store_txn *txn, void *context)
{
    return store_set_counter(txn, STORE_LAYOUT_COUNTER, *(const uint64_t *)context);
}

/* By another process, while this one goes on. */
static void store_that_was_carried_over_is_not_written(void **state)
{
    uint64_t layout = STORE_LAYOUT + 1;
    (void)state;
    assert_int_equal(store_write(store, 0, set_layout, &layout), ERR_OK);
    assert_int_equal(store_write(store, 0, set_layout, &layout), ERR_BUSY);
    assert_true(store_is_broken(store));
    assert_true(temp_logged(&temp, "was brought to layout"));
}

static void store_of_another_layout_is_refused(void **state)
{
    static const struct {
        uint64_t layout;
        enum err err;
        const char *said;
    } others[] = {
        {0, ERR_NOTFOUND, "fxctl --home"},
        {1, ERR_CONFLICT, "of an earlier version"},
        {STORE_LAYOUT + 1, ERR_CONFLICT, "of a newer version"},
        {UINT64_MAX, ERR_CONFLICT, "layout 18446744073709551615"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        struct store *other = NULL;
        uint64_t layout = others[i].layout;
        assert_int_equal(store_create(&home), ERR_OK);
        assert_int_equal(store_open(&home, STORE_READ_WRITE, &store), ERR_OK);
        assert_int_equal(store_write(store, 0, set_layout, &layout), ERR_OK);
        store_close(store);
        store = NULL;
        assert_int_equal(store_open(&home, STORE_READ_WRITE, &other), others[i].err);
        assert_int_equal(store_open(&home, STORE_READ_ONLY, &other), others[i].err);
        assert_null(other);
        assert_true(temp_logged(&temp, others[i].said));
        assert_int_equal(store_create(&home), layout ? ERR_CONFLICT : ERR_OK);
        assert_int_equal(unlink(temp_path(&temp, "home/db/data.mdb")), 0);
        assert_int_equal(unlink(temp_path(&temp, "home/db/lock.mdb")), 0);
    }
}

static void store_file_that_is_none_is_refused(void **state)
{
    struct store *other = NULL;
    char junk[16384];
    (void)state;
    store_close(store);
    store = NULL;
    memset(junk, 'j', sizeof junk);
    for (size_t len = 0; len <= sizeof junk; len += 8192) {
        int fd = open(temp_path(&temp, "home/db/data.mdb"), O_WRONLY | O_TRUNC | O_CLOEXEC);
        assert_int_equal(write(fd, junk, len), len);
        close(fd);
        enum err err = store_open(&home, STORE_READ_ONLY, &other);
        assert_int_not_equal(err, ERR_OK);
        assert_null(other);
        if (len)
            assert_int_equal(err, ERR_CORRUPT);
    }
    assert_true(temp_logged(&temp, "the store is not usable (opening it: "));
}

static void store_opened_for_reading_cannot_be_written(void **state)
{
    (void)state;
    assert_int_equal(set_text("a", "1"), ERR_OK);
    store_close(store);
    store = NULL;
    assert_int_equal(store_open(&home, STORE_READ_ONLY, &store), ERR_OK);
    assert_string_equal(get_text("a"), "1");
    assert_int_equal(set_text("a", "2"), ERR_IO);
    assert_string_equal(get_text("a"), "1");
    assert_false(store_is_broken(store));
}

static void store_close_takes_nothing(void **state)
{
    (void)state;
    store_close(NULL);
}

/* Keys and values. */

static void store_keeps_what_is_written(void **state)
{
    (void)state;
    assert_null(get_text("a"));
    assert_int_equal(set_text("a", "1"), ERR_OK);
    assert_int_equal(set_text("b", ""), ERR_OK);
    assert_string_equal(get_text("a"), "1");
    assert_string_equal(get_text("b"), "");
    assert_int_equal(set_text("a", "2"), ERR_OK);
    reopen();
    assert_string_equal(get_text("a"), "2");
    assert_string_equal(get_text("b"), "");
    assert_false(store_is_broken(store));
}

static void *write_new(void *unused)
{
    (void)unused;
    return set_text("a", "new") ? NULL : store;
}

/* A reader goes on seeing what there was when it began, whatever others write. */
static void store_reader_sees_one_moment(void **state)
{
    struct store_txn *txn;
    struct span value;
    pthread_t writer;
    void *written;
    (void)state;
    assert_int_equal(set_text("a", "old"), ERR_OK);
    assert_int_equal(store_read_begin(store, &txn), ERR_OK);
    assert_int_equal(pthread_create(&writer, NULL, write_new, NULL), 0);
    assert_int_equal(pthread_join(writer, &written), 0);
    assert_non_null(written);
    assert_int_equal(store_get(txn, TABLE_DATA, span_str("a"), &value), ERR_OK);
    assert_true(span_eq_str(value, "old"));
    store_read_end(txn);
    assert_string_equal(get_text("a"), "new");
}

struct trial {
    enum err put, append, append_again, append_less, del, del_again, no_key, long_key;
};

static enum err try_all(struct store_txn *txn, void *context)
{
    struct trial *t = context;
    char longest[600];
    memset(longest, 'k', sizeof longest);
    t->put = store_put(txn, TABLE_DATA, span_str("b"), span_str("1"));
    t->append = store_append(txn, TABLE_DATA, span_str("c"), span_str("1"));
    t->append_again = store_append(txn, TABLE_DATA, span_str("c"), span_str("2"));
    t->append_less = store_append(txn, TABLE_DATA, span_str("a"), span_str("1"));
    t->del = store_del(txn, TABLE_DATA, span_str("b"));
    t->del_again = store_del(txn, TABLE_DATA, span_str("b"));
    t->no_key = store_put(txn, TABLE_DATA, SPAN_NONE, span_str("1"));
    t->long_key = store_put(txn, TABLE_DATA, span_of(longest, 512), span_str("1"));
    return store_put(txn, TABLE_DATA, span_of(longest, 511), span_str("longest"));
}

static void store_changes_have_results(void **state)
{
    struct trial t;
    (void)state;
    assert_int_equal(store_write(store, 0, try_all, &t), ERR_OK);
    assert_int_equal(t.put, ERR_OK);
    assert_int_equal(t.append, ERR_OK);
    assert_int_equal(t.append_again, ERR_CONFLICT);
    assert_int_equal(t.append_less, ERR_CONFLICT);
    assert_int_equal(t.del, ERR_OK);
    assert_int_equal(t.del_again, ERR_NOTFOUND);
    assert_int_equal(t.no_key, ERR_IO);
    assert_int_equal(t.long_key, ERR_IO);
    assert_null(get_text("b"));
    assert_null(get_text("a"));
    assert_string_equal(get_text("c"), "1");
}

static enum err put_bad_counter(struct store_txn *txn, void *context)
{
    return store_put(
        txn, TABLE_META, span_str("bad"), span_of("\0\0\0\0\0\0\0\1\2", *(size_t *)context));
}

struct numbers {
    uint64_t values[4];
};

static enum err count_up(struct store_txn *txn, void *context)
{
    struct numbers *n = context;
    enum err err = store_counter(txn, "n", &n->values[0]);
    if (!err)
        err = store_next(txn, "n", &n->values[1]);
    if (!err)
        err = store_set_counter(txn, "n", UINT64_MAX - 1);
    if (!err)
        err = store_next(txn, "n", &n->values[2]);
    if (!err)
        err = store_counter(txn, "other", &n->values[3]);
    return err;
}

static void counters_begin_at_zero(void **state)
{
    struct numbers n;
    (void)state;
    assert_int_equal(counter("n"), 0);
    assert_int_equal(store_write(store, 0, count_up, &n), ERR_OK);
    assert_int_equal(n.values[0], 0);
    assert_int_equal(n.values[1], 1);
    assert_true(n.values[2] == UINT64_MAX);
    assert_int_equal(n.values[3], 0);
    assert_true(counter("n") == UINT64_MAX);
}

static void counters_of_a_wrong_length_are_corrupt(void **state)
{
    static size_t lens[] = {0, 7, 9};
    (void)state;
    for (size_t i = 0; i < COUNT(lens); i++) {
        struct store_txn *txn;
        uint64_t value = 5;
        char name[] = "bad";
        assert_int_equal(store_write(store, 0, put_bad_counter, &lens[i]), ERR_OK);
        assert_int_equal(store_write(store, 0, count, name), ERR_CORRUPT);
        assert_int_equal(store_read_begin(store, &txn), ERR_OK);
        assert_int_equal(store_counter(txn, "bad", &value), ERR_CORRUPT);
        store_read_end(txn);
    }
}

/* Cursors. */

enum step { SEEK, BEFORE, NEXT, PREV, LAST };

/* The moves of one cursor over b, d and f; NULL stands for "not there". */
static const struct {
    struct {
        enum step step;
        const char *key, *found;
    } moves[8];
    size_t count;
} cursor_cases[] = {
    {{{SEEK, "a", "b"}, {NEXT, NULL, "d"}, {NEXT, NULL, "f"}, {NEXT, NULL, NULL}}, 4},
    {{{SEEK, "b", "b"}, {SEEK, "c", "d"}, {SEEK, "d", "d"}, {SEEK, "f", "f"}, {SEEK, "g", NULL},
         {SEEK, "fa", NULL}, {SEEK, "a", "b"}},
        7},
    {{{BEFORE, "a", NULL}}, 1},
    {{{BEFORE, "b", NULL}}, 1},
    {{{BEFORE, "c", "b"}, {BEFORE, "d", "b"}, {BEFORE, "e", "d"}, {BEFORE, "f", "d"},
         {BEFORE, "g", "f"}, {BEFORE, "z", "f"}, {BEFORE, "ba", "b"}},
        7},
    {{{BEFORE, "z", "f"}, {PREV, NULL, "d"}, {PREV, NULL, "b"}, {PREV, NULL, NULL}}, 4},
    {{{BEFORE, "d", "b"}, {PREV, NULL, NULL}}, 2},
    {{{BEFORE, "d", "b"}, {NEXT, NULL, "d"}}, 2},
    {{{LAST, NULL, "f"}, {PREV, NULL, "d"}, {LAST, NULL, "f"}, {NEXT, NULL, NULL}}, 4},
    {{{NEXT, NULL, "b"}, {NEXT, NULL, "d"}, {NEXT, NULL, "f"}, {NEXT, NULL, NULL}}, 4},
    {{{PREV, NULL, "f"}, {PREV, NULL, "d"}}, 2},
    {{{SEEK, "g", NULL}, {LAST, NULL, "f"}, {PREV, NULL, "d"}}, 3},
};

static enum err move(struct store_cursor *cursor, enum step step, struct span at, struct span *key,
    struct span *value)
{
    switch (step) {
    case SEEK:
        return store_cursor_seek(cursor, at, key, value);
    case BEFORE:
        return store_cursor_before(cursor, at, key, value);
    case NEXT:
        return store_cursor_next(cursor, key, value);
    case PREV:
        return store_cursor_prev(cursor, key, value);
    default:
        return store_cursor_last(cursor, key, value);
    }
}

static void cursors_stop_at_the_ends(void **state)
{
    (void)state;
    assert_int_equal(set_text("b", "B"), ERR_OK);
    assert_int_equal(set_text("d", "D"), ERR_OK);
    assert_int_equal(set_text("f", "F"), ERR_OK);
    for (size_t i = 0; i < COUNT(cursor_cases); i++) {
        struct store_txn *txn;
        struct store_cursor cursor;
        assert_int_equal(store_read_begin(store, &txn), ERR_OK);
        assert_int_equal(store_cursor_open(txn, TABLE_DATA, &cursor), ERR_OK);
        for (size_t k = 0; k < cursor_cases[i].count; k++) {
            const char *at = cursor_cases[i].moves[k].key, *found = cursor_cases[i].moves[k].found;
            struct span key = span_str("kept"), value = span_str("kept");
            enum err err =
                move(&cursor, cursor_cases[i].moves[k].step, span_str(at ? at : ""), &key, &value);
            if (err != (found ? ERR_OK : ERR_NOTFOUND) || !span_eq_str(key, found ? found : "kept"))
                fail_msg("case %zu, move %zu: %s, %.*s", i, k, err_name(err), (int)key.len,
                    (const char *)key.data);
            if (found)
                assert_true(value.len == 1 && value.data[0] == (found[0] & ~0x20));
        }
        store_cursor_close(&cursor);
        store_read_end(txn);
    }
}

static void cursors_find_nothing_in_an_empty_table(void **state)
{
    static const enum step steps[] = {SEEK, BEFORE, NEXT, PREV, LAST};
    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct store_txn *txn;
        struct store_cursor cursor;
        struct span key, value;
        assert_int_equal(store_read_begin(store, &txn), ERR_OK);
        assert_int_equal(store_cursor_open(txn, TABLE_DATA, &cursor), ERR_OK);
        assert_int_equal(move(&cursor, steps[i], span_str("a"), &key, &value), ERR_NOTFOUND);
        assert_int_equal(move(&cursor, steps[i], span_str("a"), &key, &value), ERR_NOTFOUND);
        store_cursor_close(&cursor);
        store_read_end(txn);
    }
}

/* Group commit. */

/*
 * What a mutation of a batch does:
 *   o  changes something, and succeeds     r  reads only
 *   c  fails before it changes anything    d  fails after a change
 *   m  deletes what is not there           x  fails after that
 */
struct act {
    struct store_op op;
    char kind;
    char name[24];
    unsigned runs, done;
    uint64_t result; /* of the counter */
    uint64_t commit; /* as store_txn_commit tells it */
};

static enum err act(struct store_txn *txn, void *context)
{
    struct act *a = context;
    enum err err = ERR_OK;
    uint64_t value;
    a->runs++;
    switch (a->kind) {
    case 'o':
        err = store_next(txn, a->name, &value);
        a->result = value;
        break;
    case 'r':
        err = store_counter(txn, a->name, &a->result);
        break;
    case 'c':
        err = ERR_CONFLICT;
        break;
    case 'd':
        err = store_next(txn, a->name, &value);
        err = err ? err : ERR_INVALID;
        break;
    case 'm':
        err = store_del(txn, TABLE_DATA, span_str("not there"));
        err = err == ERR_NOTFOUND ? ERR_OK : ERR_IO;
        break;
    default:
        err = store_del(txn, TABLE_DATA, span_str("not there"));
        break;
    }
    a->commit = store_txn_commit(txn);
    return err;
}

static void act_done(struct store_op *op)
{
    struct act *a = (struct act *)op;
    a->done++;
}

static void act_prepare(struct act *a, char kind, size_t number)
{
    *a = (struct act){.kind = kind};
    a->op = (struct store_op){.mutation = act, .context = a, .done = act_done, .err = ERR__MAX};
    snprintf(a->name, sizeof a->name, "k%zu", number);
}

static enum err act_result(char kind)
{
    return kind == 'c'   ? ERR_CONFLICT
           : kind == 'd' ? ERR_INVALID
           : kind == 'x' ? ERR_NOTFOUND
                         : ERR_OK;
}

static const struct {
    const char *kinds, *runs; /* each once for every mutation */
    unsigned commits;
} batch_cases[] = {
    {"o", "1", 1},
    {"ooo", "111", 1},
    {"oco", "111", 1},
    {"coc", "111", 1},
    {"c", "1", 0},
    {"ccc", "111", 0},
    {"r", "1", 0},
    {"ro", "11", 1},
    {"or", "11", 1},
    {"d", "1", 0},
    {"ddd", "111", 0},
    {"do", "11", 1},
    {"od", "21", 1},
    {"odo", "211", 1},
    {"oddo", "3111", 1},
    {"dodod", "13121", 1},
    {"ocdco", "22111", 1},
    {"cdrcd", "31221", 0},
    {"m", "1", 0},
    {"mo", "11", 1},
    {"om", "11", 1},
    {"mx", "11", 0},
    {"oxo", "111", 1},
    {"xoxdx", "22211", 1},
};

/* Handed in together, they share one commit; the failures are undone alone. */
static void batch_fails_one_by_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(batch_cases); i++) {
        const char *kinds = batch_cases[i].kinds;
        struct act acts[8];
        size_t n = strlen(kinds), changed = n;
        uint64_t before, after;
        reopen();
        before = store_last_commit(store);
        for (size_t k = 0; k < n; k++) {
            act_prepare(&acts[k], kinds[k], i * 10 + k);
            store_submit(store, &acts[k].op);
        }
        for (size_t k = 0; k < n; k++)
            assert_int_equal(acts[k].runs, 0); /* nothing runs before somebody leads */
        store_lead(store);
        after = store_last_commit(store);
        assert_int_equal(after - before, batch_cases[i].commits);
        for (size_t k = 0; k < n; k++) {
            const struct act *a = &acts[k];
            if (a->runs != (unsigned)(batch_cases[i].runs[k] - '0') || a->done != 1 ||
                a->op.err != act_result(a->kind))
                fail_msg("%s: %zu ran %u times, was done %u times, with: %s", kinds, k, a->runs,
                    a->done, err_name(a->op.err));
            assert_int_equal(counter(a->name), a->kind == 'o');
            if (a->kind == 'o')
                assert_int_equal(a->result, 1);
            if (a->kind == 'o' && changed == n)
                changed = k;
            /* Whoever comes before the first change cannot know of it. */
            if (!a->op.err && a->commit != (k < changed ? before : after))
                fail_msg("%s: %zu expects commit %llu, not %llu", kinds, k,
                    (unsigned long long)a->commit,
                    (unsigned long long)(k < changed ? before : after));
        }
    }
}

/* A mutation that waits until others have been handed in behind it. */
struct gate {
    sem_t entered, go;
};

static enum err wait_at_gate(struct store_txn *txn, void *context)
{
    struct gate *gate = context;
    uint64_t value;
    sem_post(&gate->entered);
    while (sem_wait(&gate->go) != 0)
        ;
    return store_next(txn, "gate", &value);
}

static void *lead_through_gate(void *context)
{
    return store_write(store, 0, wait_at_gate, context) == ERR_OK ? context : NULL;
}

static void gate_make(struct gate *gate)
{
    sem_init(&gate->entered, 0, 0);
    sem_init(&gate->go, 0, 0);
}

static void gate_remove(struct gate *gate)
{
    sem_destroy(&gate->entered);
    sem_destroy(&gate->go);
}

/* A thread that hands one mutation in and leads. */
struct follower {
    struct act act;
    sem_t handed_in, led;
    pthread_t thread;
};

static void *follow(void *context)
{
    struct follower *follower = context;
    store_submit(store, &follower->act.op);
    sem_post(&follower->handed_in);
    store_lead(store);
    sem_post(&follower->led);
    return NULL;
}

/* Returns once it has handed its mutation in. */
static void follower_start(struct follower *follower, char kind, size_t number)
{
    act_prepare(&follower->act, kind, number);
    sem_init(&follower->handed_in, 0, 0);
    sem_init(&follower->led, 0, 0);
    assert_int_equal(pthread_create(&follower->thread, NULL, follow, follower), 0);
    sem_wait(&follower->handed_in);
}

static void follower_end(struct follower *follower)
{
    assert_int_equal(pthread_join(follower->thread, NULL), 0);
    sem_destroy(&follower->handed_in);
    sem_destroy(&follower->led);
}

static void followers_share_the_next_commit(void **state)
{
    static const char kinds[] = "oodcoorxo";
    struct follower followers[sizeof kinds - 1];
    struct gate gate;
    pthread_t leader;
    void *good;
    (void)state;
    gate_make(&gate);
    uint64_t before = store_last_commit(store);
    assert_int_equal(pthread_create(&leader, NULL, lead_through_gate, &gate), 0);
    sem_wait(&gate.entered);
    for (size_t k = 0; k < COUNT(followers); k++)
        follower_start(&followers[k], kinds[k], k);
    assert_int_equal(store_last_commit(store), before);
    sem_post(&gate.go);
    assert_int_equal(pthread_join(leader, &good), 0);
    assert_ptr_equal(good, &gate);
    for (size_t k = 0; k < COUNT(followers); k++)
        follower_end(&followers[k]);
    assert_int_equal(store_last_commit(store), before + 2);
    for (size_t k = 0; k < COUNT(followers); k++) {
        const struct act *a = &followers[k].act;
        assert_int_equal(a->done, 1);
        assert_int_equal(a->op.err, act_result(kinds[k]));
        assert_int_equal(counter(a->name), kinds[k] == 'o');
        if (kinds[k] == 'o')
            assert_int_equal(a->commit, before + 2);
    }
    assert_int_equal(counter("gate"), 1);
    gate_remove(&gate);
}

/* A mutation that waits at a gate, and is called back to wait at a second one. */
struct gated {
    struct store_op op;
    struct gate mutation, done;
};

static enum err wait_in_mutation(struct store_txn *txn, void *context)
{
    struct gated *gated = context;
    return wait_at_gate(txn, &gated->mutation);
}

static void wait_in_done(struct store_op *op)
{
    struct gated *gated = (struct gated *)op;
    sem_post(&gated->done.entered);
    while (sem_wait(&gated->done.go) != 0)
        ;
}

static void *lead_gated(void *context)
{
    struct gated *gated = context;
    store_submit(store, &gated->op);
    store_lead(store);
    return NULL;
}

/* Waits for it, but not for ever: what is at fault shall fail, and not hang. */
static bool comes_true(sem_t *sem)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    return sem_timedwait(sem, &until) == 0;
}

/* What a thread hands in while another one leads needs no lead of its own. */
static void what_comes_while_a_thread_leads_is_committed_by_it(void **state)
{
    struct gated gated = {.op = {wait_in_mutation, &gated, 0, wait_in_done}};
    struct act during, late;
    pthread_t leader;
    (void)state;
    gate_make(&gated.mutation);
    gate_make(&gated.done);
    assert_false(store_is_led(store));
    assert_int_equal(pthread_create(&leader, NULL, lead_gated, &gated), 0);
    sem_wait(&gated.mutation.entered);
    act_prepare(&during, 'o', 1);
    store_submit(store, &during.op);
    assert_true(store_is_led(store));
    sem_post(&gated.mutation.go);
    sem_wait(&gated.done.entered);
    act_prepare(&late, 'o', 2);
    store_submit(store, &late.op);
    assert_true(store_is_led(store));
    sem_post(&gated.done.go);
    assert_int_equal(pthread_join(leader, NULL), 0);
    assert_false(store_is_led(store));
    assert_int_equal(during.done + late.done, 2);
    assert_int_equal(counter("k1") + counter("k2"), 2);
    gate_remove(&gated.mutation);
    gate_remove(&gated.done);
}

/* Neither what was handed in during the leader's commit, nor what comes while it calls back. */
static void leader_that_calls_back_holds_up_nobody(void **state)
{
    struct gated gated = {.op = {wait_in_mutation, &gated, 0, wait_in_done}};
    struct follower during, after;
    pthread_t leader;
    (void)state;
    gate_make(&gated.mutation);
    gate_make(&gated.done);
    assert_int_equal(pthread_create(&leader, NULL, lead_gated, &gated), 0);
    sem_wait(&gated.mutation.entered);
    follower_start(&during, 'o', 1);
    sem_post(&gated.mutation.go);
    sem_wait(&gated.done.entered);
    follower_start(&after, 'o', 2);
    bool led = comes_true(&during.led) && comes_true(&after.led);
    uint64_t stored = counter("k1") + counter("k2");
    sem_post(&gated.done.go);
    assert_int_equal(pthread_join(leader, NULL), 0);
    follower_end(&during);
    follower_end(&after);
    assert_true(led);
    assert_int_equal(stored, 2);
    assert_int_equal(during.act.done + after.act.done, 2);
    gate_remove(&gated.mutation);
    gate_remove(&gated.done);
}

/* More than one commit takes, in order. */
static void long_queues_take_several_commits(void **state)
{
    enum { N = 2500 };
    struct act *acts = mem_alloc(N * sizeof *acts);
    (void)state;
    uint64_t before = store_last_commit(store);
    for (size_t k = 0; k < N; k++) {
        act_prepare(&acts[k], 'o', 0);
        store_submit(store, &acts[k].op);
    }
    store_lead(store);
    assert_int_equal(counter("k0"), N);
    for (size_t k = 0; k < N; k++) {
        assert_int_equal(acts[k].done, 1);
        assert_int_equal(acts[k].result, k + 1);
        assert_true(k == 0 || acts[k].commit >= acts[k - 1].commit);
    }
    assert_in_range(store_last_commit(store) - before, 2, 5);
    free(acts);
}

/* `done` may free its mutation, and hand in another. */
static unsigned chain_left;

static void chain_next(struct store_op *op)
{
    assert_int_equal(op->err, ERR_OK);
    struct act *next = (struct act *)op;
    if (chain_left--) {
        struct act *old = next;
        next = mem_alloc(sizeof *next);
        act_prepare(next, 'o', 0);
        next->op.done = chain_next;
        free(old);
        store_submit(store, &next->op);
        store_lead(store);
    } else {
        free(next);
    }
}

static void done_may_hand_in_more(void **state)
{
    struct act *first = mem_alloc(sizeof *first);
    (void)state;
    act_prepare(first, 'o', 0);
    first->op.done = chain_next;
    chain_left = 5;
    store_submit(store, &first->op);
    store_lead(store);
    assert_int_equal(counter("k0"), 6);
}

static void leading_with_nothing_to_do_is_harmless(void **state)
{
    (void)state;
    uint64_t before = store_last_commit(store);
    store_lead(store);
    store_lead(store);
    assert_int_equal(store_last_commit(store), before);
    assert_int_equal(set_text("a", "1"), ERR_OK);
}

enum { WRITERS = 8, WRITES = 60 };

struct writer {
    unsigned number;
    bool failed;
    uint64_t seen[WRITES];
};

static void *write_often(void *context)
{
    struct writer *writer = context;
    for (unsigned i = 0; i < WRITES; i++) {
        static const char kinds[] = "ooocood";
        struct act a;
        act_prepare(&a, kinds[(writer->number + i) % (sizeof kinds - 1)], 0);
        enum err err = store_write(store, i % 3 ? 0 : STORE_WAKE, act, &a);
        writer->failed |= err != act_result(a.kind);
        writer->seen[i] = a.kind == 'o' ? a.result : 0;
    }
    return NULL;
}

static void *read_often(void *context)
{
    struct writer *reader = context;
    uint64_t last = 0;
    for (unsigned i = 0; i < 5 * WRITES; i++) {
        struct store_txn *txn;
        uint64_t value = 0;
        if (store_read_begin(store, &txn)) {
            reader->failed = true;
            break;
        }
        reader->failed |= store_counter(txn, "k0", &value) != ERR_OK || value < last;
        store_read_end(txn);
        last = value;
        if (i % 50 == 0)
            store_rest(store);
        if (i % 70 == 0)
            store_clear_stale_readers(store);
    }
    return NULL;
}

/* Every success counts exactly once, and every one saw another number. */
static void many_threads_count_exactly(void **state)
{
    static struct writer writers[WRITERS], readers[2];
    static bool seen[WRITERS * WRITES + 1];
    pthread_t threads[WRITERS + 2];
    uint64_t total = 0;
    (void)state;
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, write_often, &writers[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[WRITERS + i], NULL, read_often, &readers[i]), 0);
    for (unsigned i = 0; i < WRITERS + 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_false(readers[0].failed || readers[1].failed);
    memset(seen, 0, sizeof seen);
    for (unsigned i = 0; i < WRITERS; i++) {
        assert_false(writers[i].failed);
        for (unsigned k = 0; k < WRITES; k++) {
            uint64_t number = writers[i].seen[k];
            if (!number)
                continue;
            assert_in_range(number, 1, WRITERS * WRITES);
            assert_false(seen[number]);
            seen[number] = true;
            total++;
        }
    }
    assert_int_equal(counter("k0"), total);
}

/* Growth. */

static void map_grows_as_it_is_filled(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 40; i++)
        assert_int_equal(write_chunk(store, 0, i), ERR_OK);
    for (uint64_t i = 0; i < 40; i++)
        assert_true(chunk_is_whole(store, i));
    assert_true(temp_logged(&temp, "the map has grown to 32 MiB"));
    assert_true(temp_logged(&temp, "the map has grown to 64 MiB"));
    assert_false(temp_logged(&temp, "error: "));
    assert_in_range(store_room(store).used_bytes, 40 * CHUNK, 48 * CHUNK);
    reopen();
    for (uint64_t i = 0; i < 40; i++)
        assert_true(chunk_is_whole(store, i));
}

/* One commit that needs more than there is: all of it runs again, and counts once. */
static void map_grows_within_a_batch(void **state)
{
    enum { N = 40 };
    struct act acts[N];
    struct chunk chunks[N];
    struct store_op ops[N];
    (void)state;
    memset(ops, 0, sizeof ops);
    memset(acts, 0, sizeof acts);
    for (size_t k = 0; k < N; k++) {
        act_prepare(&acts[k], k % 5 == 4 ? 'd' : 'o', 0);
        chunks[k] = (struct chunk){k, CHUNK};
        acts[k].op.done = act_done;
        store_submit(store, &acts[k].op);
        struct act *waiting = mem_alloc(sizeof *waiting);
        *waiting =
            (struct act){.op = {.mutation = put_chunk, .context = &chunks[k], .done = act_done}};
        ops[k].context = waiting;
        store_submit(store, &waiting->op);
    }
    store_lead(store);
    uint64_t good = 0;
    for (size_t k = 0; k < N; k++) {
        struct act *waiting = ops[k].context;
        assert_int_equal(acts[k].done, 1);
        assert_int_equal(acts[k].op.err, act_result(acts[k].kind));
        assert_int_equal(waiting->done, 1);
        assert_int_equal(waiting->op.err, ERR_OK);
        free(waiting);
        good += acts[k].kind == 'o';
        assert_true(chunk_is_whole(store, k));
        if (acts[k].kind == 'o')
            assert_int_equal(acts[k].result, good);
    }
    assert_int_equal(counter("k0"), good);
    assert_false(temp_logged(&temp, "error: "));
}

static int part_fill(const char *dir, const char *argument)
{
    part_open(dir);
    for (uint64_t i = 0; i < (uint64_t)strtol(argument, NULL, 10); i++)
        NEED(write_chunk(store, 0, i) == ERR_OK);
    return 0;
}

static void reader_adopts_a_map_grown_elsewhere(void **state)
{
    struct store_txn *txn;
    (void)state;
    assert_null(get_text("a")); /* leaves a reader to be used again */
    assert_int_equal(play("fill", "20"), 0);
    for (uint64_t i = 0; i < 20; i++)
        assert_true(chunk_is_whole(store, i));
    /* And a reader that is begun for the first time, beside another. */
    assert_int_equal(play("fill", "40"), 0);
    struct store_txn *beside;
    assert_int_equal(store_read_begin(store, &txn), ERR_OK);
    assert_int_equal(store_read_begin(store, &beside), ERR_OK);
    store_read_end(beside);
    store_read_end(txn);
    for (uint64_t i = 0; i < 40; i++)
        assert_true(chunk_is_whole(store, i));
}

static void read_only_reader_adopts_a_map_grown_elsewhere(void **state)
{
    (void)state;
    store_close(store);
    assert_int_equal(store_open(&home, STORE_READ_ONLY, &store), ERR_OK);
    assert_int_equal(play("fill", "20"), 0);
    for (uint64_t i = 0; i < 20; i++)
        assert_true(chunk_is_whole(store, i));
}

static void writer_adopts_a_map_grown_elsewhere(void **state)
{
    (void)state;
    assert_int_equal(play("fill", "20"), 0);
    assert_int_equal(write_chunk(store, 0, 20), ERR_OK);
    for (uint64_t i = 0; i <= 20; i++)
        assert_true(chunk_is_whole(store, i));
}

/* Only the look at the free room comes first, and must not take the file's end for its size. */
static void accepting_writer_adopts_a_map_grown_elsewhere(void **state)
{
    char name[] = "n";
    (void)state;
    assert_int_equal(play("fill", "20"), 0);
    assert_int_equal(store_write(store, STORE_ACCEPT, count, name), ERR_OK);
    assert_int_equal(counter("n"), 1);
}

/* Both grow in turn; neither loses what the other has written. */
static void two_processes_grow_the_map_in_turn(void **state)
{
    static const char *const until[] = {"6", "18", "40"};
    (void)state;
    for (size_t i = 0; i < COUNT(until); i++) {
        assert_int_equal(play("fill", until[i]), 0);
        for (uint64_t k = 0; k < 8; k++)
            assert_int_equal(write_chunk(store, 0, 1000 + 8 * i + k), ERR_OK);
    }
    for (uint64_t i = 0; i < 40; i++)
        assert_true(chunk_is_whole(store, i));
    for (uint64_t i = 0; i < 8 * COUNT(until); i++)
        assert_true(chunk_is_whole(store, 1000 + i));
}

/* A map that cannot be made larger (RLIMIT_AS, as on a shared host) must stay as it is. */
static int part_cramped(const char *dir, const char *argument)
{
    uint64_t written = 0;
    char name[] = "n";
    enum err err = ERR_OK;
    struct rlimit limit;
    unsigned long pages;
    (void)argument;
    part_open(dir);
    FILE *statm = fopen("/proc/self/statm", "re");
    NEED(statm && fscanf(statm, "%lu", &pages) == 1);
    fclose(statm);
    limit.rlim_cur = limit.rlim_max = pages * (rlim_t)sysconf(_SC_PAGESIZE) + MIB(8);
    NEED(setrlimit(RLIMIT_AS, &limit) == 0);
    while (written < 30 && !(err = write_chunk(store, 0, written)))
        written++;
    NEED(err == ERR_FULL);
    NEED(written >= 8);
    for (int again = 0; again < 3; again++) {
        NEED(write_chunk(store, 0, written) == ERR_FULL);
        for (uint64_t i = 0; i < written; i++)
            NEED(chunk_is_whole(store, i));
    }
    NEED(store_write(store, 0, count, name) == ERR_OK);
    struct chunk chunk = {0, 0};
    NEED(store_write(store, 0, del_chunk, &chunk) == ERR_OK);
    return 0;
}

static void map_that_cannot_grow_stays_usable(void **state)
{
    (void)state;
    if (SANITIZED)
        skip(); /* a sanitizer's shadow memory needs more than any such limit */
    assert_int_equal(play("cramped", ""), 0);
    assert_int_equal(counter("n"), 1);
}

/* Full. */

static void intake_is_refused_before_the_map_is_full(void **state)
{
    char name[] = "n";
    struct chunk chunk = {.len = CHUNK};
    (void)state;
    home.config.store_map_max_bytes = MIB(16);
    home.config.store_accept_percent = 50;
    struct store_room room = store_room(store);
    assert_true(room.accepting);
    assert_int_equal(room.max_bytes, MIB(16));
    assert_true(room.used_bytes < MIB(1));
    for (chunk.number = 0; chunk.number < 10; chunk.number++)
        assert_int_equal(store_write(store, 0, put_chunk, &chunk), ERR_OK);
    room = store_room(store);
    assert_false(room.accepting);
    assert_in_range(room.used_bytes, 10 * CHUNK, 12 * CHUNK);
    assert_int_equal(store_write(store, STORE_ACCEPT, count, name), ERR_FULL);
    assert_int_equal(counter("n"), 0);

    /* What finishes work goes on, also in the same commit. */
    struct act accept, finish;
    act_prepare(&accept, 'o', 1);
    act_prepare(&finish, 'o', 2);
    accept.op.flags = STORE_ACCEPT | STORE_WAKE;
    store_submit(store, &accept.op);
    store_submit(store, &finish.op);
    store_lead(store);
    assert_int_equal(accept.op.err, ERR_FULL);
    assert_int_equal(accept.runs, 0);
    assert_int_equal(accept.done, 1);
    assert_int_equal(finish.op.err, ERR_OK);
    assert_int_equal(counter("k1"), 0);
    assert_int_equal(counter("k2"), 1);

    /* Room that has been freed inside the file counts. */
    for (chunk.number = 0; chunk.number < 6; chunk.number++)
        assert_int_equal(store_write(store, 0, del_chunk, &chunk), ERR_OK);
    room = store_room(store);
    assert_true(room.accepting);
    assert_in_range(room.used_bytes, 4 * CHUNK, 6 * CHUNK);
    reopen();
    assert_int_equal(store_write(store, STORE_ACCEPT, count, name), ERR_OK);
    assert_int_equal(counter("n"), 1);
}

/* A process that has not seen another one grow the file must see what is free in it as well. */
static void room_is_counted_in_a_file_grown_elsewhere(void **state)
{
    (void)state;
    home.config.store_map_max_bytes = MIB(32);
    home.config.store_accept_percent = 50;
    assert_int_equal(play("fill-and-free", "20"), 0);
    struct store_room room = store_room(store);
    assert_true(room.used_bytes < 10 * CHUNK);
    assert_true(room.accepting);
}

static int part_fill_and_free(const char *dir, const char *argument)
{
    part_fill(dir, argument);
    struct chunk chunk = {0, 0};
    for (; chunk.number < (uint64_t)strtol(argument, NULL, 10); chunk.number++)
        NEED(store_write(store, 0, del_chunk, &chunk) == ERR_OK);
    return 0;
}

static void intake_is_refused_before_the_disk_is_full(void **state)
{
    char name[] = "n";
    (void)state;
    home.config.store_disk_reserve_bytes = INT64_MAX;
    assert_false(store_room(store).accepting);
    assert_int_equal(store_write(store, STORE_ACCEPT, count, name), ERR_FULL);
    assert_int_equal(store_write(store, 0, count, name), ERR_OK);
    assert_int_equal(counter("n"), 1);
    home.config.store_disk_reserve_bytes = 0;
    assert_true(store_room(store).accepting);
}

static int times_logged(const char *part)
{
    int times = 0;
    for (const char *at = temp_read(&temp, "log"); (at = strstr(at, part)); at++)
        times++;
    return times;
}

static void map_at_its_limit_fails_alone_and_recovers(void **state)
{
    char name[] = "n";
    uint64_t n = 0;
    enum err err;
    (void)state;
    home.config.store_map_max_bytes = MIB(32);
    while (!(err = write_chunk(store, 0, n)) && n < 64)
        n++;
    assert_int_equal(err, ERR_FULL);
    assert_in_range(n, 28, 31);
    for (int again = 0; again < 3; again++)
        assert_int_equal(write_chunk(store, 0, n), ERR_FULL);
    assert_int_equal(times_logged("the store is full"), 1);
    assert_true(temp_logged(&temp, "raise map_max_bytes in [store] of fx.conf"));
    assert_false(store_is_broken(store));
    for (uint64_t i = 0; i < n; i++)
        assert_true(chunk_is_whole(store, i));
    assert_false(chunk_is_whole(store, n));

    struct chunk chunk = {0, 0};
    for (; chunk.number < 4; chunk.number++)
        assert_int_equal(store_write(store, 0, del_chunk, &chunk), ERR_OK);
    assert_int_equal(store_write(store, 0, count, name), ERR_OK);
    assert_int_equal(write_chunk(store, 0, n), ERR_OK);
    assert_true(chunk_is_whole(store, n));

    /* Full once more, it is told once more. */
    while (n < 64 && !write_chunk(store, 0, ++n))
        ;
    assert_int_equal(write_chunk(store, 0, n), ERR_FULL);
    assert_int_equal(times_logged("the store is full"), 2);
}

/*
 * A real full disk: a file system of 24 MiB, seen by this process alone, with
 * something on it that can be taken away.
 */
static int part_tiny_disk(const char *dir, const char *argument)
{
    char path[PATH_MAX], name[] = "n";
    struct statvfs disk;
    uint64_t n = 0;
    enum err err = ERR_OK;
    (void)argument;
    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", dir, "tmpfs", 0, "size=24m,mode=0770") < 0)
        return PART_SKIPPED;
    NEED(home_create(dir) == ERR_OK && home_open(dir, &home) == ERR_OK);
    home.config.store_map_bytes = MIB(64);
    home.config.store_disk_reserve_bytes = MIB(4);
    home_path(&home, "log/ballast", path);
    int ballast = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    NEED(ballast >= 0 && posix_fallocate(ballast, 0, MIB(8)) == 0);
    NEED(store_create(&home) == ERR_OK);
    NEED(store_open(&home, STORE_READ_WRITE, &store) == ERR_OK);

    /* Intake stops at the reserve, and the rest goes on. */
    NEED(store_write(store, STORE_ACCEPT, count, name) == ERR_OK);
    while (store_room(store).accepting) {
        NEED(n < 30 && write_chunk(store, 0, n) == ERR_OK);
        n++;
    }
    store_close(store);
    NEED(store_open(&home, STORE_READ_WRITE, &store) == ERR_OK);
    NEED(store_write(store, STORE_ACCEPT, count, name) == ERR_FULL);
    NEED(store_write(store, 0, count, name) == ERR_OK);
    NEED(counter(name) == 2);

    /* To the last byte: the write that finds no room fails, and nothing else. */
    while (n < 30 && !(err = write_chunk(store, 0, n)))
        n++;
    NEED(statvfs(dir, &disk) == 0 && disk.f_bavail * disk.f_bsize < 2 * MIB(1));
    NEED(err == ERR_FULL);
    NEED(!store_is_broken(store));
    for (int again = 0; again < 3; again++)
        NEED(write_chunk(store, 0, n) == ERR_FULL);
    for (uint64_t i = 0; i < n; i++)
        NEED(chunk_is_whole(store, i));
    NEED(counter(name) == 2);

    /* After room was made it works again, and so does the file. */
    NEED(ftruncate(ballast, 0) == 0);
    NEED(write_chunk(store, 0, n) == ERR_OK);
    n++;
    NEED(store_write(store, 0, count, name) == ERR_OK);
    store_close(store);
    NEED(store_open(&home, STORE_READ_WRITE, &store) == ERR_OK);
    for (uint64_t i = 0; i < n; i++)
        NEED(chunk_is_whole(store, i));
    NEED(counter(name) == 3);
    NEED(store_write(store, STORE_ACCEPT, count, name) == ERR_OK);
    store_close(store);
    return 0;
}

static void full_disk_loses_nothing(void **state)
{
    (void)state;
    int status = play("tiny-disk", "");
    if (status == PART_SKIPPED)
        skip();
    assert_int_equal(status, 0);
}

/* Readers. */

/* Begins readers, as many as it is told or as there are slots, and holds them. */
static int part_hold(const char *dir, const char *argument)
{
    struct store_txn *txn;
    long count_of = 0;
    part_open(dir);
    while (count_of < strtol(argument, NULL, 10) && store_read_begin(store, &txn) == ERR_OK)
        count_of++;
    part_say(count_of);
    return 0;
}

static int part_open_and_read(const char *dir, const char *argument)
{
    part_open(dir);
    NEED(get_text(argument) != NULL);
    return 0;
}

static void readers_that_died_are_cleared(void **state)
{
    (void)state;
    struct part part = part_start("hold", "3");
    assert_int_equal(part_ready(&part), 3);
    store_clear_stale_readers(store);
    assert_false(temp_logged(&temp, "reader slots")); /* the living keep theirs */
    assert_int_equal(part_kill(&part), -SIGKILL);
    store_clear_stale_readers(store);
    assert_true(temp_logged(&temp, "freed reader slots of processes that are gone: 3"));
}

/* As long as a dead reader counts, no page it could see is used again. */
static void file_stops_growing_when_dead_readers_are_cleared(void **state)
{
    struct stat before, after;
    (void)state;
    struct part part = part_start("hold", "1");
    part_ready(&part);
    assert_int_equal(part_kill(&part), -SIGKILL);
    store_clear_stale_readers(store);
    for (int i = 0; i < 8; i++)
        assert_int_equal(write_chunk(store, 0, 1), ERR_OK);
    assert_int_equal(stat(temp_path(&temp, "home/db/data.mdb"), &before), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(write_chunk(store, 0, 1), ERR_OK);
    assert_int_equal(stat(temp_path(&temp, "home/db/data.mdb"), &after), 0);
    assert_int_equal(before.st_size, after.st_size);
}

static void full_table_of_readers_is_cured(void **state)
{
    struct store_txn *first, *second;
    (void)state;
    if (FEW_LOCKS)
        skip();
    assert_int_equal(set_text("a", "1"), ERR_OK);
    struct part part = part_start("hold", "5000");
    long held = part_ready(&part);
    assert_in_range(held, 500, 4000); /* until there was no slot left */

    /* While they live there is nothing to clear. This process has one slot of its own. */
    assert_int_equal(store_read_begin(store, &first), ERR_OK);
    assert_int_equal(store_read_begin(store, &second), ERR_IO);
    store_read_end(first);
    assert_int_equal(set_text("a", "2"), ERR_OK);

    kill(part.pid, SIGKILL);
    assert_int_equal(part_end(&part), -SIGKILL);
    assert_int_equal(store_read_begin(store, &first), ERR_OK);
    assert_int_equal(store_read_begin(store, &second), ERR_OK);
    store_read_end(first);
    store_read_end(second);
    assert_true(temp_logged(&temp, "reader slots of processes that are gone"));
}

/* As many CGI processes leave it, when nobody else clears. */
static void store_opens_in_spite_of_a_table_full_of_dead_readers(void **state)
{
    (void)state;
    if (FEW_LOCKS)
        skip();
    assert_int_equal(set_text("a", "1"), ERR_OK);
    struct part part = part_start("hold", "5000");
    assert_in_range(part_ready(&part), 500, 4000);
    assert_int_equal(part_kill(&part), -SIGKILL);
    assert_int_equal(play("open-and-read", "a"), 0);
}

/* More readers at a time than are kept for reuse. */
static void readers_may_be_many(void **state)
{
    struct store_txn *txns[200];
    (void)state;
    if (FEW_LOCKS)
        skip();
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT(txns); i++)
            assert_int_equal(store_read_begin(store, &txns[i]), ERR_OK);
        for (size_t i = 0; i < COUNT(txns); i++)
            store_read_end(txns[i]);
    }
}

/* Rest. */

/* How much of the data file this process has in memory, in kilobytes. */
static long resident(void)
{
    char line[PATH_MAX + 128];
    bool inside = false;
    long kilobytes = 0, rss;
    FILE *smaps = fopen("/proc/self/smaps", "re");
    assert_non_null(smaps);
    while (fgets(line, sizeof line, smaps)) {
        if (strstr(line, "/home/db/data.mdb"))
            inside = true;
        else if (inside && sscanf(line, "Rss: %ld", &rss) == 1) {
            kilobytes += rss;
            inside = false;
        }
    }
    fclose(smaps);
    return kilobytes;
}

static void rest_gives_memory_back_and_keeps_all(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(write_chunk(store, 0, i), ERR_OK);
    for (uint64_t i = 0; i < 8; i++)
        assert_true(chunk_is_whole(store, i));
    assert_true(resident() > 1000);
    store_rest(store);
    assert_int_equal(resident(), 0);
    for (uint64_t i = 0; i < 8; i++)
        assert_true(chunk_is_whole(store, i));
    store_rest(store);
    store_rest(store);
    assert_int_equal(write_chunk(store, 0, 8), ERR_OK);
    assert_true(chunk_is_whole(store, 8));
}

static void last_commit_counts_those_of_other_processes(void **state)
{
    (void)state;
    uint64_t before = store_last_commit(store);
    assert_int_equal(set_text("a", "1"), ERR_OK);
    assert_int_equal(store_last_commit(store), before + 1);
    assert_int_equal(play("fill", "3"), 0);
    assert_int_equal(store_last_commit(store), before + 4);
    assert_string_equal(get_text("a"), "1");
    assert_int_equal(store_last_commit(store), before + 4);
}

static int play_part(const char *name, const char *dir, const char *argument)
{
    static const struct {
        const char *name;
        int (*play)(const char *dir, const char *argument);
    } parts[] = {
        {"fill", part_fill},
        {"fill-and-free", part_fill_and_free},
        {"cramped", part_cramped},
        {"tiny-disk", part_tiny_disk},
        {"hold", part_hold},
        {"open-and-read", part_open_and_read},
    };
    for (size_t i = 0; i < COUNT(parts); i++)
        if (strcmp(name, parts[i].name) == 0)
            return parts[i].play(dir, argument);
    return 2;
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(store_is_missing_before_init, setup_home, teardown),
        cmocka_unit_test_setup_teardown(store_is_made_for_the_group, setup_home, teardown),
        TEST(store_create_keeps_what_is_there),
        cmocka_unit_test_setup_teardown(
            store_that_was_carried_over_is_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(store_of_another_layout_is_refused, setup_home, teardown),
        TEST(store_file_that_is_none_is_refused),
        TEST(store_opened_for_reading_cannot_be_written),
        cmocka_unit_test(store_close_takes_nothing),
        TEST(store_keeps_what_is_written),
        TEST(store_reader_sees_one_moment),
        TEST(store_changes_have_results),
        TEST(counters_begin_at_zero),
        TEST(counters_of_a_wrong_length_are_corrupt),
        TEST(cursors_stop_at_the_ends),
        TEST(cursors_find_nothing_in_an_empty_table),
        TEST(batch_fails_one_by_one),
        TEST(followers_share_the_next_commit),
        TEST(what_comes_while_a_thread_leads_is_committed_by_it),
        TEST(leader_that_calls_back_holds_up_nobody),
        TEST(long_queues_take_several_commits),
        TEST(done_may_hand_in_more),
        TEST(leading_with_nothing_to_do_is_harmless),
        TEST(many_threads_count_exactly),
        TEST(map_grows_as_it_is_filled),
        TEST(map_grows_within_a_batch),
        TEST(reader_adopts_a_map_grown_elsewhere),
        TEST(read_only_reader_adopts_a_map_grown_elsewhere),
        TEST(writer_adopts_a_map_grown_elsewhere),
        TEST(accepting_writer_adopts_a_map_grown_elsewhere),
        TEST(two_processes_grow_the_map_in_turn),
        TEST(map_that_cannot_grow_stays_usable),
        TEST(intake_is_refused_before_the_map_is_full),
        TEST(room_is_counted_in_a_file_grown_elsewhere),
        TEST(intake_is_refused_before_the_disk_is_full),
        TEST(map_at_its_limit_fails_alone_and_recovers),
        TEST(full_disk_loses_nothing),
        TEST(readers_that_died_are_cleared),
        TEST(file_stops_growing_when_dead_readers_are_cleared),
        TEST(full_table_of_readers_is_cured),
        TEST(store_opens_in_spite_of_a_table_full_of_dead_readers),
        TEST(readers_may_be_many),
        TEST(rest_gives_memory_back_and_keeps_all),
        TEST(last_commit_counts_those_of_other_processes),
    };
    if (argc == 4)
        return play_part(argv[1], argv[2], argv[3]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
