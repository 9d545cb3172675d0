/* health - see health.h. */
#include "cgi-bin/ops/health.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "view/health.h"

#define RETRY_AFTER "10" /* seconds; as often as a monitor looks */
#define LOOK_MS 1000     /* anybody may ask, so that one look is good for so long */

static void reply_word(struct request *request, int status, const char *word)
{
    struct buf body = BUF_INIT;
    struct json_out out = json_out_to(&body);
    json_open(&out, '{');
    json_put_str(&out, "status", word);
    json_close(&out, '}');
    if (status == 503)
        reply_header(request, "Retry-After", RETRY_AFTER);
    reply_json(request, status, buf_span(&body));
    buf_done(&body);
}

void health_live(struct request *request)
{
    reply_word(request, 200, "live");
}

static const char *look(const struct request *request)
{
    struct health health;
    health_look(request->store, request->home, &health);
    const char *word = health_word(&health);
    health_done(&health);
    return word;
}

/* The word of the last look, which is of no use any more after a moment. */
static const char *recent_word(const struct request *request)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static const char *word;
    static int64_t looked_ms;
    pthread_mutex_lock(&lock);
    int64_t now = clock_mono_ms();
    if (!word || now - looked_ms >= LOOK_MS) {
        word = look(request);
        looked_ms = now;
    }
    const char *recent = word;
    pthread_mutex_unlock(&lock);
    return recent;
}

void health_ready(struct request *request)
{
    const char *word = recent_word(request);
    reply_word(request, strcmp(word, "ready") == 0 ? 200 : 503, word);
}

void health_details(struct request *request)
{
    struct health health;
    struct buf body = BUF_INIT;
    struct json_out out = json_out_to(&body);
    health_look(request->store, request->home, &health);
    health_print(&health, &out);
    reply_json(request, 200, buf_span(&body));
    health_done(&health);
    buf_done(&body);
}
