/* live - see live.h. */
#include "view/live.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "home/live_file.h"

#define FILE_MAX (16 << 20) /* bytes; a runner's files are smaller, whatever the settings */

/* Reads what is there of a file; empty where there is none, or more than can be a runner's. */
static void read_file(const char *path, struct buf *out)
{
    struct stat st;
    ssize_t n = 1;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
        n = 0;
    else
        buf_reserve(out, (size_t)st.st_size);
    while (n > 0 && out->len < (size_t)st.st_size) {
        n = read(fd, out->data + out->len, (size_t)st.st_size - out->len);
        out->len += n > 0 ? (size_t)n : 0;
    }
    close(fd);
}

/* Of a step that is told of more than once the last counts. */
static void take_step(struct live *live, const struct live_step *told)
{
    if (told->step >= STEPS_MAX || told->status >= STATUS__MAX)
        return;
    for (; live->step_count <= told->step; live->step_count++)
        live->steps[live->step_count] = (struct step_result){.duration_us = -1, .exit_code = -1};
    live->steps[told->step] = (struct step_result){
        .name = told->name,
        .status = told->status,
        .started_ms = told->started_ms,
        .duration_us = told->duration_us,
        .exit_code = told->exit_code,
    };
}

bool live_read(
    const struct home *home, const struct uuid *execution, uint32_t attempt, struct live *ret_live)
{
    char path[PATH_MAX];
    struct live_record record;
    ret_live->step_count = 0;
    ret_live->bytes = BUF_INIT;
    live_file_path(home, execution, path);
    read_file(path, &ret_live->bytes);
    struct span rest = buf_span(&ret_live->bytes);
    if (live_file_next(&rest, &record) != LIVE_ATTEMPT || record.attempt != attempt) {
        live_done(ret_live);
        return false;
    }
    while (live_file_next(&rest, &record))
        if (record.kind == LIVE_STEP)
            take_step(ret_live, &record.step);
    return true;
}

void live_done(struct live *live)
{
    buf_done(&live->bytes);
}

uint64_t live_log(const struct live *live, size_t step, struct buf *out)
{
    struct span rest = buf_span(&live->bytes);
    struct live_record record;
    uint64_t from = 0;
    size_t begin = out->len;
    while (live_file_next(&rest, &record)) {
        if (record.kind != LIVE_PIECE || record.piece.step != step)
            continue;
        if (record.piece.from != from + (out->len - begin)) {
            out->len = begin;
            from = record.piece.from;
        }
        buf_add_span(out, record.piece.bytes);
    }
    return from;
}

struct live_mark live_look(const struct home *home, const struct uuid *execution)
{
    char path[PATH_MAX];
    struct stat st;
    live_file_path(home, execution, path);
    if (stat(path, &st) < 0)
        return (struct live_mark){0, 0};
    return (struct live_mark){st.st_ino, st.st_size};
}

bool live_is_same(const struct live_mark *a, const struct live_mark *b)
{
    return a->file == b->file && a->size == b->size;
}
