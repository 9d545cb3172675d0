#ifndef TEMP_H
#define TEMP_H
/*
 * temp - what a test that touches files needs: a directory of its own, a home
 * in it, and the lines that were logged meanwhile, which would otherwise stand
 * between the results of the tests.
 *
 * temp_make in a setup, temp_remove in its teardown: nothing is left behind,
 * also where the test failed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"
#include "home/home.h"
#include "home/keyring.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What a sanitizer finds is told at once, whatever standard error is. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#include <sanitizer/common_interface_defs.h>
#define TEMP_REPORT_TO(fd) __sanitizer_set_report_fd((void *)(uintptr_t)(fd))
#else
#define TEMP_REPORT_TO(fd) ((void)(fd))
#endif

struct temp {
    char dir[256];
    int saved_stderr;
};

static inline void temp_make(struct temp *temp)
{
    const char *where = getenv("TMPDIR");
    char log[300];
    snprintf(temp->dir, sizeof temp->dir, "%s/fx-unit-XXXXXX", where && *where ? where : "/tmp");
    assert_non_null(mkdtemp(temp->dir));
    snprintf(log, sizeof log, "%s/log", temp->dir);
    log_to_person(); /* no line is left out */
    int fd = open(log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    temp->saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    TEMP_REPORT_TO(temp->saved_stderr);
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
    close(fd);
}

static inline int temp_remove_one(
    const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    return remove(path);
}

static inline const char *temp_read(const struct temp *temp, const char *name);

/* What fail_msg has said is told after all. */
static inline void temp_remove(struct temp *temp)
{
    const char *said = strstr(temp_read(temp, "log"), "ERROR: ");
    dup2(temp->saved_stderr, STDERR_FILENO);
    TEMP_REPORT_TO(STDERR_FILENO);
    close(temp->saved_stderr);
    if (said)
        fputs(said, stderr);
    nftw(temp->dir, temp_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* dir + "/" + name, in one of a few places that are used in turn. */
static inline const char *temp_path(const struct temp *temp, const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % COUNT(paths)];
    snprintf(path, PATH_MAX, "%s/%s", temp->dir, name);
    return path;
}

static inline void temp_write(const struct temp *temp, const char *name, const char *text)
{
    FILE *file = fopen(temp_path(temp, name), "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* The bytes of a file, the first few thousand, as text. */
static inline const char *temp_read(const struct temp *temp, const char *name)
{
    static char text[65536];
    int fd = open(temp_path(temp, name), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    assert_true(n >= 0);
    text[n] = 0;
    return text;
}

/* What was logged since temp_make. */
static inline bool temp_logged(const struct temp *temp, const char *part)
{
    return strstr(temp_read(temp, "log"), part) != NULL;
}

/* A home in the directory, with the smallest map, and nothing asked of the disk. */
static inline void temp_home(const struct temp *temp, struct home *ret_home)
{
    const char *dir = temp_path(temp, "home");
    assert_int_equal(home_create(dir), ERR_OK);
    assert_int_equal(home_open(dir, ret_home), ERR_OK);
    assert_int_equal(keyring_create(ret_home), ERR_OK);
    ret_home->config.store_map_bytes = MIB(16);
    ret_home->config.store_disk_reserve_bytes = 0;
}

#endif
