/* live - see live.h. */
#include "runner/live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "home/durable.h"
#include "home/live_file.h"

#define FILE_LOGS 4            /* a file of more than so many logs is written anew */
#define FILE_REST 65536        /* bytes for all that is no log */
#define REST_SHARE 4           /* one writing in so many parts of the time, where that takes long */
#define STAY_MS 2000           /* after the attempt; whoever follows it looks more often */
#define STAYING_MAX 64         /* files */
#define SWEEP_ENTRIES 20000    /* looked at */
#define SWEEP_ASIDE_SECONDS 60 /* files that are being made are not swept for so long */

/* Files of attempts that have ended, in the order they are to go. A lock is held on each. */
static struct staying {
    int fd;
    char path[PATH_MAX];
    int64_t until_ms;
} staying[STAYING_MAX];
static size_t first, count;

/* An attempt after it may have put another file in its place. */
static void remove_first(void)
{
    struct staying *s = &staying[first];
    struct stat st;
    if (fstat(s->fd, &st) == 0 && st.st_nlink)
        (void)unlink(s->path);
    close(s->fd);
    first = (first + 1) % STAYING_MAX;
    count--;
}

static void remove_old(int64_t now_ms)
{
    while (count && staying[first].until_ms <= now_ms)
        remove_first();
}

/* What others have left: a runner holds a lock on its files while it lives. */

static bool is_being_made(const char *name, const struct stat *st)
{
    size_t len = strlen(name), end = sizeof DURABLE_ASIDE - 1;
    return len > end && strcmp(name + len - end, DURABLE_ASIDE) == 0 &&
           clock_wall_ms() / 1000 - st->st_mtime < SWEEP_ASIDE_SECONDS;
}

static void sweep_one(int dir, const char *name)
{
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !is_being_made(name, &st) &&
        flock(fd, LOCK_EX | LOCK_NB) == 0)
        (void)unlinkat(dir, name, 0);
    close(fd);
}

static void sweep(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    for (size_t left = SWEEP_ENTRIES; dir && left && (entry = readdir(dir)); left--)
        sweep_one(dirfd(dir), entry->d_name);
    if (dir)
        closedir(dir);
}

/* Once in a runner's life. */
static bool has_dir(const struct home *home)
{
    static bool made;
    char path[PATH_MAX];
    if (made)
        return true;
    home_path(home, LIVE_FILE_DIR, path);
    made = mkdir(path, 0770) == 0 || errno == EEXIST;
    if (made)
        sweep(path);
    return made;
}

/* The file. */

static void put_step(const struct live *live, size_t step, struct buf *out)
{
    const struct step_result *result = &live->results[step];
    bool begun = step <= live->step;
    struct live_step told = {
        .step = (uint16_t)step,
        .status = (uint8_t)(begun ? result->status : STATUS_PENDING),
        .started_ms = begun ? result->started_ms : 0,
        .duration_us = begun ? result->duration_us : -1,
        .exit_code = begun ? result->exit_code : -1,
        .name = span_str(live->pipeline->steps[step].name),
    };
    live_file_put_step(out, &told);
}

static void put_piece(size_t step, uint64_t end, struct span bytes, struct buf *out)
{
    struct live_piece piece = {(uint16_t)step, end - bytes.len, bytes};
    if (bytes.len)
        live_file_put_piece(out, &piece);
}

/* Of steps that have ended the last, as far as all their logs find room in that of one. */
static void put_past(const struct live *live, struct buf *out)
{
    size_t room = live->shown.max;
    for (size_t i = live->step + 1; i-- && live->logs[i].len <= room;) {
        put_piece(i, live->ends[i], buf_span(&live->logs[i]), out);
        room -= live->logs[i].len;
    }
}

static void put_all(struct live *live, struct buf *out)
{
    live_file_put_attempt(out, live->job->attempt);
    for (size_t i = 0; i < live->pipeline->step_count; i++)
        put_step(live, i, out);
    put_past(live, out);
    tail_trim(&live->shown);
    put_piece(live->step, live->told, buf_span(&live->shown.bytes), out);
}

static void give_up(struct live *live, const char *path)
{
    log_errno("cannot write %s; the execution's log is not shown before it has ended", path);
    (void)unlink(path);
    if (live->fd >= 0)
        close(live->fd);
    live->fd = -1;
    live->due_ms = INT64_MAX;
}

static bool write_all(int fd, struct span bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.data, bytes.len);
        if (n < 0 && errno != EINTR)
            return false;
        bytes = n < 0 ? bytes : span_of(bytes.data + n, bytes.len - (size_t)n);
    }
    return true;
}

/* A file that is locked before anybody can find it; -1 where it cannot be made. */
static int make_file(const char *path, struct span bytes)
{
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0)
        return -1;
    (void)flock(fd, LOCK_EX | LOCK_NB);
    if (write_all(fd, bytes))
        return fd;
    close(fd);
    return -1;
}

/* Writes all that there is to tell into a new file. */
static void tell_all(struct live *live)
{
    char path[PATH_MAX], aside[PATH_MAX + sizeof DURABLE_ASIDE];
    struct buf bytes = BUF_INIT;
    live_file_path(live->home, &live->job->execution, path);
    snprintf(aside, sizeof aside, "%s" DURABLE_ASIDE, path);
    put_all(live, &bytes);
    int fd = has_dir(live->home) ? make_file(aside, buf_span(&bytes)) : -1;
    if (fd >= 0 && rename(aside, path) == 0) {
        if (live->fd >= 0)
            close(live->fd);
        live->fd = fd;
        live->size = bytes.len;
    } else {
        give_up(live, aside);
        if (fd >= 0)
            close(fd);
    }
    buf_done(&bytes);
}

/* Appends records, or writes all anew where the file has become too large. */
static void tell(struct live *live, const struct buf *records)
{
    live->size += records->len;
    if (live->size > FILE_LOGS * live->shown.max + FILE_REST)
        tell_all(live);
    else if (!write_all(live->fd, buf_span(records))) {
        char path[PATH_MAX];
        live_file_path(live->home, &live->job->execution, path);
        give_up(live, path);
    }
}

/* What a step writes. */

static void leave_out(struct live *live, uint64_t bytes)
{
    live->told += bytes + blot_stream_cut(&live->stream);
    buf_clear(&live->shown.bytes);
}

/* Takes what the log has that was not heard, the end of it where that is much. */
static void hear(struct live *live, const struct tail *log, bool last, struct buf *records)
{
    struct buf text = BUF_INIT;
    uint64_t news = log->total - live->heard;
    size_t most = log->bytes.len < log->max ? log->bytes.len : log->max;
    size_t len = news < most ? (size_t)news : most;
    if (len < news)
        leave_out(live, news - len);
    live->heard = log->total;
    struct span bytes = span_of(log->bytes.data + log->bytes.len - len, len);
    blot_stream_add(&live->stream, bytes, last, &text);
    live->told += text.len;
    tail_add(&live->shown, text.data, text.len);
    put_piece(live->step, live->told, buf_span(&text), records);
    buf_done(&text);
}

static void tell_news(struct live *live, const struct tail *log, bool last)
{
    struct buf records = BUF_INIT;
    if (log)
        hear(live, log, last, &records);
    if (live->fd < 0)
        tell_all(live);
    else if (records.len)
        tell(live, &records);
    buf_done(&records);
}

static bool has_news(const struct live *live, const struct tail *log)
{
    return live->fd < 0 || (log && log->total != live->heard);
}

int64_t live_tell(struct live *live, const struct tail *log, int64_t now_ms, int64_t until_ms)
{
    if (has_news(live, log) && now_ms >= live->due_ms) {
        tell_news(live, log, false);
        int64_t told_ms = clock_mono_ms();
        if (live->due_ms != INT64_MAX)
            live->due_ms = told_ms + LIVE_PAUSE_MS + (told_ms - now_ms) * (REST_SHARE - 1);
    }
    return has_news(live, log) && live->due_ms < until_ms ? live->due_ms : until_ms;
}

void live_last(struct live *live, const struct tail *log)
{
    if (live->fd >= 0)
        tell_news(live, log, true);
}

/* Attempts. */

void live_begin(struct live *live, const struct home *home, const struct frame_job *job,
    const struct pipeline *pipeline, const struct step_result *results, const struct buf *logs)
{
    int64_t now_ms = clock_mono_ms();
    remove_old(now_ms);
    live->home = home;
    live->job = job;
    live->pipeline = pipeline;
    live->results = results;
    live->logs = logs;
    live->shown.max = (size_t)home->config.step_log_bytes;
    live->fd = -1;
    live->due_ms = now_ms + LIVE_AFTER_MS;
}

void live_begin_step(struct live *live, size_t step, const struct step_call *call)
{
    struct buf records = BUF_INIT;
    live->step = step;
    live->stream.call = call;
    live->heard = live->told = 0;
    if (live->fd < 0)
        return;
    put_step(live, step, &records);
    tell(live, &records);
    buf_done(&records);
}

/* A step whose log was not told of while it ran has it told of now. */
void live_end_step(struct live *live, size_t step)
{
    const struct buf *log = &live->logs[step];
    struct buf records = BUF_INIT;
    bool told = step == live->step && live->told;
    live->step = step;
    live->ends[step] = told ? live->told : log->len;
    live->told = 0;
    blot_stream_done(&live->stream);
    live->stream = (struct blot_stream){0};
    buf_clear(&live->shown.bytes);
    if (live->fd < 0)
        return;
    put_step(live, step, &records);
    if (!told)
        put_piece(step, live->ends[step], buf_span(log), &records);
    tell(live, &records);
    buf_done(&records);
}

void live_end(struct live *live)
{
    buf_done(&live->shown.bytes);
    if (live->fd < 0)
        return;
    if (count == STAYING_MAX)
        remove_first();
    struct staying *s = &staying[(first + count++) % STAYING_MAX];
    live_file_path(live->home, &live->job->execution, s->path);
    s->fd = live->fd;
    s->until_ms = clock_mono_ms() + STAY_MS;
}

void live_rest(void)
{
    struct pollfd link = {.fd = LINK_FD, .events = POLLIN};
    while (count) {
        int64_t left_ms = staying[first].until_ms - clock_mono_ms();
        if (left_ms > 0 && poll(&link, 1, (int)left_ms) != 0)
            return;
        remove_old(clock_mono_ms());
    }
}

void live_end_all(void)
{
    while (count)
        remove_first();
}
