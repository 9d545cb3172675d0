/* desk - see desk.h. */
#include "runner/desk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runner/measure.h"
#include "runner/pipe.h"

#define GRAIN 4096 /* bytes by which the file grows */
#define KEPT 65536 /* bytes that it keeps, however short the context is */

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_mode == b->st_mode &&
           a->st_nlink == b->st_nlink && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
           a->st_size == b->st_size;
}

/* Opens what a name leads to, without waiting for anybody. */
static int open_name(int dir, const char *name, int flags)
{
    return openat(dir, name, flags | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
}

/* Opens what lies there, unless that is something else, or is changed. -1: it is not used. */
static int open_made(int dir, const char *name, int flags, const struct stat *made)
{
    struct stat st;
    int fd = open_name(dir, name, flags);
    if (fd >= 0 && (fstat(fd, &st) < 0 || !is_same(&st, made)))
        pipe_close(&fd);
    return fd;
}

/* Does nobody write, and has nobody written, into a FIFO that has just been opened? */
static bool is_unused(int fd)
{
    char byte;
    return fd >= 0 && read(fd, &byte, 1) == 0;
}

static void close_ends(struct desk_ends *ends)
{
    pipe_close(&ends->context);
    pipe_close(&ends->said);
    pipe_close(&ends->heard);
}

/* Opens what lies there as it was made. False when it does not; nothing is open then. */
static bool open_ends(const struct desk *desk, int dir, struct desk_ends *ret_ends)
{
    *ret_ends = (struct desk_ends){-1, -1, -1};
    if (desk->context < 0)
        return false;
    ret_ends->context = open_made(dir, DESK_CONTEXT, O_RDONLY, &desk->file);
    ret_ends->heard = open_made(dir, DESK_LINES, O_RDONLY, &desk->fifo);
    if (is_unused(ret_ends->heard))
        ret_ends->said = open_made(dir, DESK_LINES, O_WRONLY, &desk->fifo);
    if (ret_ends->context >= 0 && ret_ends->said >= 0 && fcntl(ret_ends->said, F_SETFL, 0) == 0)
        return true;
    close_ends(ret_ends);
    return false;
}

/* The context. */

static char blanks[GRAIN];

/* Fills the file with blanks, so that the disk has room for all of it, and maps it. */
static bool resize(struct desk *desk, size_t size)
{
    if (desk->pages)
        munmap(desk->pages, (size_t)desk->file.st_size);
    desk->pages = NULL;
    memset(blanks, ' ', GRAIN);
    for (size_t at = 0; at < size; at += GRAIN)
        if (pwrite(desk->context, blanks, GRAIN, (off_t)at) != GRAIN)
            return false;
    if (ftruncate(desk->context, (off_t)size) < 0)
        return false;
    desk->file.st_size = (off_t)size;
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, desk->context, 0);
    desk->pages = pages == MAP_FAILED ? NULL : pages;
    return desk->pages;
}

/*
 * Writes a line, as long as the file. By read(2), which fails where somebody has cut the file
 * short, or its disk has no room: writing into the pages would be the end of the runner.
 */
static bool fill(struct desk *desk, struct span line)
{
    ssize_t size = (ssize_t)desk->file.st_size;
    struct buf text = BUF_INIT;
    buf_add_span(&text, line);
    while (text.len + 1 < (size_t)size) {
        size_t left = (size_t)size - 1 - text.len;
        buf_add(&text, blanks, left < GRAIN ? left : GRAIN);
    }
    buf_add_char(&text, '\n');
    bool good = pwrite(desk->draft, text.data, text.len, 0) == size &&
                pread(desk->draft, desk->pages, text.len, 0) == size;
    buf_done(&text);
    return good;
}

static bool write_context(struct desk *desk, struct span context)
{
    size_t size = (size_t)desk->file.st_size, need = (context.len + GRAIN - 1) / GRAIN * GRAIN;
    bool fits = desk->pages && need <= size && size <= (need > KEPT ? need : KEPT);
    desk->is_told = true;
    return (fits || resize(desk, need)) && fill(desk, span_of(context.data, context.len - 1));
}

/* Making. */

/* A directory with something in it stays; then nothing can be made under its name. */
static void remove_name(int dir, const char *name)
{
    if (unlinkat(dir, name, 0) < 0)
        (void)unlinkat(dir, name, AT_REMOVEDIR);
}

/* What has just been made becomes the guest's, and the group's, as its directory is. */
static bool hand_over(int fd, const struct account *guest, mode_t mode, struct stat *ret_made)
{
    return (!guest || (fchmod(fd, mode) == 0 && fchown(fd, guest->uid, (gid_t)-1) == 0)) &&
           fstat(fd, ret_made) == 0;
}

static bool make_file(struct desk *desk, int dir, const struct account *guest)
{
    desk->context =
        openat(dir, DESK_CONTEXT, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
    desk->draft = memfd_create("context", MFD_CLOEXEC);
    return desk->context >= 0 && desk->draft >= 0 &&
           hand_over(desk->context, guest, 0440, &desk->file);
}

/* The account of the directory may have put something else there before it is opened. */
static bool make_fifo(struct desk *desk, int dir, const struct account *guest)
{
    struct stat st;
    int fd = mkfifoat(dir, DESK_LINES, 0600) < 0 ? -1 : open_name(dir, DESK_LINES, O_RDONLY);
    bool good = fd >= 0 && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && st.st_nlink == 1 &&
                st.st_uid == geteuid() && hand_over(fd, guest, 0660, &desk->fifo);
    pipe_close(&fd);
    return good;
}

static bool lay(struct desk *desk, int dir, const struct account *guest)
{
    desk_leave(desk);
    remove_name(dir, DESK_CONTEXT);
    remove_name(dir, DESK_LINES);
    if (!make_file(desk, dir, guest) || !make_fifo(desk, dir, guest)) {
        desk_leave(desk);
        return false;
    }
    desk->spared[0] = (struct clear_spared){DESK_CONTEXT, desk->file.st_ino};
    desk->spared[1] = (struct clear_spared){DESK_LINES, desk->fifo.st_ino};
    return true;
}

bool desk_open(struct desk *desk, int dir, const struct account *guest, struct span context,
    struct desk_ends *ret_ends)
{
    if (open_ends(desk, dir, ret_ends) ||
        (lay(desk, dir, guest) && open_ends(desk, dir, ret_ends))) {
        if (write_context(desk, context))
            return true;
        close_ends(ret_ends);
    }
    desk_leave(desk);
    return false;
}

void desk_rest(struct desk *desk)
{
    if (desk->is_told && !fill(desk, SPAN_NONE))
        desk_leave(desk);
    desk->is_told = false;
}

int64_t desk_bytes(const struct desk *desk)
{
    return desk->context < 0 ? 0 : 2 * MEASURE_ENTRY + (int64_t)desk->file.st_size;
}

void desk_leave(struct desk *desk)
{
    if (desk->pages)
        munmap(desk->pages, (size_t)desk->file.st_size);
    pipe_close(&desk->context);
    pipe_close(&desk->draft);
    *desk = DESK_NONE;
}
