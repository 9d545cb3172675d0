/* http_step - see http_step.h. */
#include "runner/http_step.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fresh.h"
#include "base/log.h"
#include "home/installed.h"
#include "proc/leftovers.h"
#include "runner/worker.h"

#define SLACK_MS 2000        /* how late fx-http may be with saying that the time is up */
#define REPLY_MAX (4u << 20) /* bytes; the log in a reply is 1 MiB at most */

static struct worker client;
static bool has_answered; /* fx-http, whichever process of it */

/* Starts fx-http, without limits. Where that fails, the step has, and says why. */
static bool start_client(const struct step_call *call, struct step_end *end)
{
    struct installed installed;
    int error;
    struct buf why = BUF_INIT;
    if (!installed_find(call->home, "fx-http", &installed, &why)) {
        log_error("cannot find fx-http: %s", buf_text(&why));
        step_fail(end, call,
            "this installation has no fx-http, which makes the calls; the log has where it was "
            "looked for");
        buf_done(&why);
        return false;
    }
    char **environment = fresh_environment(leftovers_argument());
    struct child_spec spec = {
        .path = installed.path,
        .arguments = {call->home->dir, FRAMES_VERSION},
        .directory = "/",
        .environment = environment,
        .heeds_hangup = true,
    };
    bool good = worker_start(&client, &spec, false, &error);
    if (!good)
        step_fail(end, call, "fx-http could not be started: %s", strerror(error));
    free(environment);
    return good;
}

static void build_call(const struct step_call *call, struct buf *out)
{
    const struct step *step = call->step;
    struct buf headers = BUF_INIT;
    for (size_t i = 0; i < step->header_count; i++)
        frame_add_header(
            &headers, span_str(step->headers[i].name), span_str(step->headers[i].value.text));
    struct frame_call frame = {
        .execution = call->job->execution,
        .attempt = call->job->attempt,
        .timeout_ms = call->timeout_ms,
        .url = span_str(step->url),
        .secret = span_str(step->secret.text ? step->secret.text : ""),
        .structured = step->structured,
        .event = call->job->event,
        .header_count = (uint16_t)step->header_count,
        .headers = buf_span(&headers),
    };
    frame_put_call(out, &frame);
    buf_done(&headers);
}

static bool has_frame(const struct buf *out)
{
    enum frame_type type;
    struct span body;
    size_t taken;
    bool bad;
    return frame_next(buf_span(out), &type, &body, &taken, &bad) || bad;
}

/* Takes fx-http's reply. False when what came is no reply. */
static bool take_reply(const struct step_call *call, const struct buf *out, struct step_end *end)
{
    enum frame_type type;
    struct span body;
    size_t taken;
    bool bad;
    struct frame_reply reply;
    if (!frame_next(buf_span(out), &type, &body, &taken, &bad) || type != FRAME_REPLY ||
        !frame_get_reply(body, &reply))
        return false;
    buf_add_span(&end->log, reply.log);
    end->retry_after_ms = reply.retry_after_ms;
    end->final = reply.end == REPLY_GAVE_UP;
    if (reply.end == REPLY_TIMED_OUT)
        step_time_out(end, call, "had no reply within", "was given up");
    else if (reply.end != REPLY_GOOD)
        step_fail(end, call, "%.*s", (int)reply.error.len, (const char *)reply.error.data);
    return true;
}

static void fail_client_ended(const struct step_call *call, struct step_end *end)
{
    int status = client.child.status;
    if (!has_answered && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FIX)
        log_die(EXIT_FIX, "fx-http cannot begin; this runner ends, and another one tries again");
    if (WIFSIGNALED(status))
        step_fail(end, call, "fx-http was killed by signal %d (%s)", WTERMSIG(status),
            strsignal(WTERMSIG(status)));
    else
        step_fail(end, call, "fx-http ended with %d; its log says why", WEXITSTATUS(status));
}

/* Is fx-http there to be asked? It is started where it is not. */
static bool is_up(const struct step_call *call, struct step_end *end)
{
    if (worker_is_ready(&client))
        return true;
    worker_end(&client, clock_mono_ms());
    return start_client(call, end);
}

void http_step_run(const struct step_call *call, struct step_end *end)
{
    struct buf frame = BUF_INIT;
    if (!is_up(call, end))
        return;
    build_call(call, &frame);
    struct question question = {
        .bytes = buf_span(&frame),
        .is_whole = has_frame,
        .answer_max = REPLY_MAX,
        .live = call->live,
        .timeout_ms = call->timeout_ms + SLACK_MS,
    };
    switch (worker_ask(&client, &question)) {
    case WORKER_ANSWERED:
        has_answered = true;
        if (take_reply(call, &client.out, end)) {
            buf_clear(&client.out);
            break;
        }
        /* fall through */
    case WORKER_ENDLESS:
    case WORKER_OVERFULL: /* it has no room */
        step_fail(end, call, "fx-http and fx-runner do not fit together; install both at once");
        break;
    case WORKER_ENDED:
    case WORKER_UNHEARD:
        fail_client_ended(call, end);
        break;
    case WORKER_SILENT:
        step_time_out(end, call, "had no reply within", "was given up");
        break;
    case WORKER_INTERRUPTED:
        step_interrupt(end, call, link_look());
        break;
    }
    buf_done(&frame);
}

void http_step_end(void)
{
    worker_end(&client, clock_mono_ms());
}
