/* script - see script.h. */
#include "runner/script.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "home/confine.h"
#include "runner/child.h"
#include "runner/environment.h"
#include "runner/lines.h"
#include "runner/live.h"
#include "runner/pipe.h"
#include "runner/remains.h"
#include "runner/tail.h"
#include "runner/room.h"

#define EXIT_LATER 75    /* try again later (sysexits.h EX_TEMPFAIL) */
#define EXIT_GIVE_UP 100 /* trying again is no use */

struct run {
    const struct step_call *call;
    struct room *room;
    struct child child;
    int log_fd, line_fd; /* the runner's ends of the pipes; -1 once the other end is closed */
    int fifo_fd;         /* and of FX_OUT */
    int said_fd;         /* its other end, which stays open while the process runs */
    struct tail log;
    struct buf partial;     /* a line on descriptor 3 that has not ended */
    struct buf fifo_part;   /* and one on FX_OUT */
    bool refused, too_long; /* a line on either was */
    bool timed_out, overfull;
    enum link_word word; /* what the dispatcher has said */
    int64_t signal_ms;   /* when the next signal is due */
};

/* Descriptor 3, and FX_OUT. */

static void refuse_lines(struct run *run, bool too_long)
{
    run->refused = true;
    run->too_long = too_long;
    if (!run->child.stopping)
        run->signal_ms = clock_mono_ms();
}

/* What a script says in its grace time counts, too. */
static void take_line(struct run *run, struct span line)
{
    if (!run->refused && line.len && !lines_take(line, &run->call->home->config, run->call->saved))
        refuse_lines(run, false);
}

static void take_text(struct run *run, struct buf *partial, const char *bytes, size_t len)
{
    size_t max = (size_t)run->call->home->config.step_line_bytes;
    while (len && !run->refused) {
        const char *newline = memchr(bytes, '\n', len);
        size_t part = newline ? (size_t)(newline - bytes) : len;
        if (partial->len + part > max) {
            refuse_lines(run, true);
            return;
        }
        buf_add(partial, bytes, part);
        if (newline) {
            take_line(run, buf_span(partial));
            buf_clear(partial);
            part++;
        }
        bytes += part;
        len -= part;
    }
}

static void take_lines(const void *bytes, size_t len, void *context)
{
    take_text(context, &((struct run *)context)->partial, bytes, len);
}

static void take_fifo(const void *bytes, size_t len, void *context)
{
    take_text(context, &((struct run *)context)->fifo_part, bytes, len);
}

static void take_log(const void *bytes, size_t len, void *context)
{
    tail_add(&((struct run *)context)->log, bytes, len);
}

/* Running. */

/* A cancelled script may tidy up. Once the dispatcher is gone, another may run it already. */
static bool hear_dispatcher(void *context)
{
    struct run *run = context;
    enum link_word word = link_look();
    if (word == run->word)
        return false;
    run->word = word;
    if (word == LINK_GONE) {
        run->signal_ms = INT64_MAX;
        child_kill(&run->child);
    } else if (!run->child.stopping) {
        run->signal_ms = clock_mono_ms();
    }
    return true;
}

/* A script that fills the disk is given no time to tidy up. */
static void check_room(struct run *run, int64_t now_ms)
{
    if (run->signal_ms == INT64_MAX || !room_is_overfull(run->room, now_ms))
        return;
    run->overfull = true;
    run->signal_ms = INT64_MAX;
    child_kill(&run->child);
}

/* Watches the process until it has ended. */
static void watch(struct run *run)
{
    int64_t grace_ms = run->call->home->config.step_grace_seconds * 1000;
    struct pollfd fds[] = {
        {.fd = run->child.pidfd, .events = POLLIN},
        {.fd = run->log_fd, .events = POLLIN},
        {.fd = run->line_fd, .events = POLLIN},
        {.fd = LINK_FD, .events = POLLIN},
        {.fd = run->fifo_fd, .events = POLLIN},
    };
    do {
        int64_t now_ms = clock_mono_ms();
        fds[1].fd = run->log_fd;
        fds[2].fd = run->line_fd;
        check_room(run, now_ms);
        if (run->signal_ms <= now_ms) {
            run->timed_out |= !run->refused && run->word == LINK_NOTHING;
            run->signal_ms = child_stop(&run->child, grace_ms);
            continue;
        }
        int64_t until_ms = live_tell(run->call->live, &run->log, now_ms, run->signal_ms);
        if (poll(fds, 5, room_wait_ms(run->room, now_ms, until_ms)) > 0) {
            if (fds[3].revents)
                (void)hear_dispatcher(run);
            if (run->word == LINK_GONE)
                fds[3].fd = -1;
            if (fds[1].revents)
                pipe_read(&run->log_fd, take_log, run);
            if (fds[2].revents)
                pipe_read(&run->line_fd, take_lines, run);
            if (fds[4].revents)
                pipe_read(&run->fifo_fd, take_fifo, run);
        }
    } while (!fds[0].revents);
}

/* After KILL nobody is given time. A step that has time left has no more than that. */
static void hear_remains(struct run *run)
{
    struct remains remains = {
        {{&run->log_fd, take_log}, {&run->line_fd, take_lines}, {&run->fifo_fd, take_fifo}}, run,
        hear_dispatcher};
    int64_t until_ms = clock_mono_ms() + run->call->home->config.step_leftover_ms;
    if (run->signal_ms != INT64_MAX)
        remains_hear(&remains, until_ms < run->signal_ms ? until_ms : run->signal_ms);
}

/* Ends what the process has left, and takes what that had still to say. */
static void end_remains(struct run *run)
{
    struct buf names = BUF_INIT;
    child_finish(&run->child, run->word == LINK_GONE ? NULL : &names);
    pipe_drain(&run->log_fd, take_log, run);
    pipe_drain(&run->line_fd, take_lines, run);
    pipe_drain(&run->fifo_fd, take_fifo, run);
    if (names.len)
        tail_note(&run->log, "killed what the script had left running: ", buf_span(&names));
    buf_done(&names);
}

/* Says in a sentence how the process ended, unless all was well. */
static void judge(const struct run *run, struct step_end *end)
{
    const struct step_call *call = run->call;
    int status = run->child.status;
    end->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (run->word != LINK_NOTHING)
        step_interrupt(end, call, run->word);
    else if (run->overfull)
        step_overfill(end, call);
    else if (run->timed_out)
        step_time_out(end, call, "ran longer than", "was killed");
    else if (run->too_long)
        step_fail(end, call, "descriptor 3: a line is longer than %lld bytes",
            (long long)call->home->config.step_line_bytes);
    else if (run->refused)
        step_fail(end, call, "descriptor 3: %s", buf_text(&call->saved->why));
    else if (WIFSIGNALED(status))
        step_fail(end, call, "was killed by signal %d (%s)", WTERMSIG(status),
            strsignal(WTERMSIG(status)));
    else if (end->exit_code == EXIT_LATER)
        step_fail(end, call, "asked to be tried again later (exit 75)");
    else if (end->exit_code == EXIT_GIVE_UP)
        step_fail(end, call, "gave up (exit 100)");
    else if (end->exit_code != 0)
        step_fail(end, call, "exited with %d", end->exit_code);
    /* How a script ends that was told to end says nothing about another attempt. */
    end->final |= !run->child.stopping && end->exit_code == EXIT_GIVE_UP;
}

static void run_child(struct run *run, struct step_end *end)
{
    run->log.max = (size_t)run->call->home->config.step_log_bytes;
    run->signal_ms = clock_mono_ms() + run->call->timeout_ms;
    watch(run);
    pipe_close(&run->said_fd);
    hear_remains(run);
    end_remains(run);
    take_line(run, buf_span(&run->partial));
    take_line(run, buf_span(&run->fifo_part));
    live_last(run->call->live, &run->log);
    tail_trim(&run->log);
    end->log = run->log.bytes;
    judge(run, end);
}

/* Starting. */

/* Makes a sealed file in memory, to be read from its beginning; -1 when that failed. */
static int memory_file(const char *name, struct span bytes)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    for (size_t done = 0; fd >= 0 && done < bytes.len;) {
        /* Not write(2): where reading begins stays the beginning. */
        ssize_t n = pwrite(fd, bytes.data + done, bytes.len - done, (off_t)done);
        if (n < 0)
            pipe_close(&fd);
        else
            done += (size_t)n;
    }
    if (fd >= 0)
        (void)fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    return fd;
}

/*
 * Makes what the script reads its context from, and FX_OUT. Where nothing can lie in the work
 * directory the context is in memory, and FX_OUT leads to descriptor 3. False with errno.
 */
static bool make_desk(struct run *run, struct environment *environment, int *ret_context_fd)
{
    struct buf context = BUF_INIT;
    struct desk_ends ends;
    environment_context(run->call, &context);
    bool good = room_open_desk(run->room, buf_span(&context), &ends);
    environment_add_desk(environment, good ? run->room->dir : "");
    if (good) {
        *ret_context_fd = ends.context;
        run->fifo_fd = ends.heard;
        run->said_fd = ends.said;
    } else {
        *ret_context_fd = memory_file("context", buf_span(&context));
    }
    buf_done(&context);
    return *ret_context_fd >= 0;
}

/* Starts the process. `run` gets the runner's ends of its pipes. False: *ret_error is an errno. */
static bool start_script(struct run *run, struct environment *environment, int *ret_error)
{
    char path[PATH_MAX], directory[PATH_MAX];
    int log_fd = -1, line_fd = -1, context_fd = -1;
    step_script_path(run->call, path);
    home_path(run->call->home, "scripts", directory);
    confine_begin(run->call->home);
    int event_fd = memory_file("event", run->call->event_text);
    bool good = event_fd >= 0 && make_desk(run, environment, &context_fd) &&
                pipe_from_child(&run->log_fd, &log_fd) && pipe_from_child(&run->line_fd, &line_fd);
    *ret_error = errno;
    if (good) {
        struct child_spec spec = {
            .path = path,
            .directory = directory,
            .environment = environment->variables,
            .name_process = environment_name_process,
            .context = environment,
            .fds = {event_fd, log_fd, log_fd, line_fd, context_fd},
            .fd_count = 5,
            .limits = &run->call->home->config,
        };
        good = step_keep_in(run->call, run->room, &spec, ret_error) &&
               child_start(&spec, &run->child, ret_error);
    }
    pipe_close(&event_fd);
    pipe_close(&context_fd);
    pipe_close(&log_fd);
    pipe_close(&line_fd);
    return good;
}

void script_run(const struct step_call *call, struct step_end *end)
{
    struct run run = {.call = call, .log_fd = -1, .line_fd = -1, .fifo_fd = -1, .said_fd = -1};
    if (!step_is_trusted(call, end))
        return;
    run.room = room_of_execution(call->home);
    struct environment environment;
    int error;
    environment_build(&environment, call, false, run.room->dir);
    if (start_script(&run, &environment, &error))
        run_child(&run, end);
    else
        step_not_started(end, call, error);
    pipe_close(&run.log_fd);
    pipe_close(&run.line_fd);
    pipe_close(&run.fifo_fd);
    pipe_close(&run.said_fd);
    buf_done(&run.partial);
    buf_done(&run.fifo_part);
    environment_done(&environment);
}
