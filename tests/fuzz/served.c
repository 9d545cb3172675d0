/* served - see served.h. */
#include "tests/fuzz/served.h"

#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/json.h"
#include "cgi-bin/console/events.h"
#include "cgi-bin/console/letters.h"
#include "cgi-bin/console/step_secrets.h"
#include "cgi-bin/events/handshake.h"
#include "cgi-bin/events/submit.h"
#include "cgi-bin/ops/health.h"
#include "cgi-bin/ops/metrics.h"
#include "cgi-bin/pipelines/definitions.h"
#include "cgi-bin/pipelines/runs.h"
#include "cgi-bin/status/openapi.h"
#include "cgi-bin/status/results.h"
#include "cgi-bin/triggers/control.h"
#include "model/address.h"
#include "store/credentials.h"
#include "store/seal.h"
#include "store/txn.h"

#define TOKEN "fxk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define VARIABLES_MAX 64

#define PIPELINE \
    "{\"id\":\"p\",\"name\":\"p\",\"steps\":[{\"name\":\"s\",\"http\":{\"url\":" \
    "\"https://example.com/\"}}],\"options\":{\"event\":\"order.*\"," \
    "\"filters\":[{\"prefix\":{\"type\":\"order\"}}]}}"

static const struct route routes[] = {
    {"POST", "/fx/events", SCOPE_EVENTS, submit_event, .webhooks = true},
    {"POST", "/fx/events/generic", SCOPE_EVENTS, submit_generic, .webhooks = true},
    {"POST", "/fx/events/webhook", SCOPE_EVENTS, submit_webhook, .webhooks = true},
    {"OPTIONS", "/fx/events", SCOPE_NONE, handshake},
    {"GET", "/fx/cid/{cid}", SCOPE_STATUS, results_of_cid},
    {"GET", "/fx/cid/{cid}/explain", SCOPE_STATUS, results_explain},
    {"GET", "/fx/executions/{execution_id}", SCOPE_STATUS, results_of_execution},
    {"GET", "/fx/executions/{execution_id}/event", SCOPE_STATUS, results_event},
    {"GET", "/fx/executions", SCOPE_STATUS, results_list},
    {"GET", "/fx/openapi.json", SCOPE_NONE, openapi},
    {"GET", "/health/ready", SCOPE_NONE, health_ready},
    {"GET", "/health", SCOPE_STATUS, health_details},
    {"GET", "/metrics", SCOPE_STATUS, metrics},
    {"GET", "/api/v1/pipelines", SCOPE_PIPELINES, definitions_list},
    {"POST", "/api/v1/pipelines", SCOPE_PIPELINES, definitions_create},
    {"GET", "/api/v1/pipelines/{id}", SCOPE_PIPELINES, definitions_get},
    {"PUT", "/api/v1/pipelines/{id}", SCOPE_PIPELINES, definitions_replace},
    {"DELETE", "/api/v1/pipelines/{id}", SCOPE_PIPELINES, definitions_delete},
    {"GET", "/api/v1/pipelines/{id}/versions", SCOPE_PIPELINES, definitions_versions},
    {"GET", "/api/v1/pipelines/{id}/versions/{version}", SCOPE_PIPELINES, definitions_version},
    {"POST", "/api/v1/batches/{pipeline_id}", SCOPE_PIPELINES, runs_start},
    {"POST", "/api/v1/executions/{id}/retry", SCOPE_PIPELINES, runs_retry},
    {"POST", "/api/v1/executions/{id}/skip", SCOPE_PIPELINES, runs_skip},
    {"POST", "/api/v1/executions/{id}/cancel", SCOPE_PIPELINES, runs_cancel},
    {"GET", "/api/v1/events", SCOPE_TRIGGERS, control_list},
    {"POST", "/api/v1/events/{pipeline_id}", SCOPE_TRIGGERS, control_start},
    {"GET", "/api/v1/events/{pipeline_id}", SCOPE_TRIGGERS, control_status},
    {"DELETE", "/api/v1/events/{pipeline_id}", SCOPE_TRIGGERS, control_stop},
    {"GET", "/api/v1/admin/events", SCOPE_STATUS, events_list},
    {"GET", "/api/v1/admin/events/{seq}", SCOPE_STATUS, events_show},
    {"GET", "/api/v1/admin/events/{seq}/payload", SCOPE_STATUS, events_payload},
    {"GET", "/api/v1/admin/dead-letters", SCOPE_ADMIN, letters_list},
    {"POST", "/api/v1/admin/dead-letters/retry", SCOPE_ADMIN, letters_retry_all},
    {"POST", "/api/v1/admin/dead-letters/{execution_id}/retry", SCOPE_ADMIN, letters_retry},
    {"GET", "/api/v1/admin/step-secrets", SCOPE_ADMIN, step_secrets_rows},
    {"PUT", "/api/v1/admin/step-secrets/{name}", SCOPE_ADMIN, step_secrets_store},
    {"GET", "/api/v1/admin/step-secrets/{name}", SCOPE_ADMIN, step_secrets_show},
    {"DELETE", "/api/v1/admin/step-secrets/{name}", SCOPE_ADMIN, step_secrets_remove},
};
static const struct program all = {
    "fuzz", STORE_READ_WRITE, routes, sizeof routes / sizeof routes[0]};

static struct home home;
static struct networks proxies;
static struct serving serving;
static bool keeps; /* changes: while the home is made */
static char cid[UUID_TEXT], run[UUID_TEXT];

struct span served_cid(void)
{
    return span_str(cid);
}

struct span served_run(void)
{
    return span_str(run);
}

struct span served_token(void)
{
    return span_str(TOKEN);
}

/* Changes. */

void served_undone(store_mutation *mutation, void *context)
{
    struct store_txn *txn;
    require(txn_begin(serving.store, &txn) == ERR_OK);
    enum err err = mutation(txn, context);
    (void)err;
    txn_abort(txn);
}

static enum err run_op(struct store_txn *txn, void *context)
{
    struct store_op *op = context;
    return op->err = op->mutation(txn, op->context);
}

/* Targets are linked so that these stand for store_submit (tests/tools.mk). */
void __real_store_submit(struct store *store, struct store_op *op); /* NOLINT: the linker's name */
void __wrap_store_submit(struct store *store, struct store_op *op); /* NOLINT: likewise */

void __wrap_store_submit(struct store *store, struct store_op *op)
{
    if (keeps) {
        __real_store_submit(store, op);
        return;
    }
    served_undone(run_op, op);
    op->done(op);
}

/* A peer that sends what was written, and keeps the reply. */

struct asking {
    struct channel channel;
    char *variables[VARIABLES_MAX + 1];
    size_t count;
    struct span body;
    unsigned replies;
    struct buf reply;
};

static ssize_t read_body(struct channel *channel, void *buffer, size_t len)
{
    struct asking *asking = (struct asking *)channel;
    size_t n = len < asking->body.len ? len : asking->body.len;
    if (!n)
        return 0;
    memcpy(buffer, asking->body.data, n);
    asking->body = span_of(asking->body.data + n, asking->body.len - n);
    return (ssize_t)n;
}

/* It stays until it has the reply. */
static struct pollfd peer_that_stays(const struct channel *channel)
{
    (void)channel;
    return (struct pollfd){.fd = -1};
}

static void keep_reply(struct channel *channel, struct span head, struct span body)
{
    struct asking *asking = (struct asking *)channel;
    asking->replies++;
    buf_add_span(&asking->reply, head);
    buf_add_span(&asking->reply, body);
}

/* A text of its own, so that the sanitizer sees where it ends. */
static void add_variable(struct asking *asking, const char *name, struct span value)
{
    struct buf line = BUF_INIT;
    buf_add_str(&line, name);
    buf_add_span(&line, value);
    char *text = span_dup(buf_span(&line));
    buf_done(&line);
    if (asking->count < VARIABLES_MAX)
        asking->variables[asking->count++] = text;
    else
        free(text);
}

static void take_lines(struct asking *asking, struct span text)
{
    struct span uri = cut(&text, '\n'), method = cut(&uri, ' '), query = uri;
    struct span path = cut(&query, '?');
    add_variable(asking, "REQUEST_METHOD=", method);
    add_variable(asking, "SCRIPT_NAME=", path);
    add_variable(asking, "QUERY_STRING=", query);
    add_variable(asking, "REQUEST_URI=", uri);
    for (struct span line = cut(&text, '\n'); line.len; line = cut(&text, '\n'))
        add_variable(asking, "", line);
    asking->body = text;
}

/* Replies. */

static void check_head(struct span head)
{
    for (size_t i = 0; i < head.len; i++) {
        bool ends = head.data[i] == '\r' && i + 1 < head.len && head.data[i + 1] == '\n';
        bool ended = head.data[i] == '\n' && i && head.data[i - 1] == '\r';
        require(ends || ended || (head.data[i] >= 0x20 && head.data[i] != 0x7f));
    }
}

static bool front_end_failed(const struct asking *asking)
{
    for (size_t i = 0; i < asking->count; i++)
        if (strncmp(asking->variables[i], "REDIRECT_STATUS=", 16) == 0)
            return true;
    return false;
}

static int take_reply(const struct asking *asking, struct buf *ret_body)
{
    struct json_fault fault;
    int status = 0;
    require(asking->replies == 1);
    const uint8_t *end = memmem(asking->reply.data, asking->reply.len, "\r\n\r\n", 4);
    require(end && sscanf((const char *)asking->reply.data, "Status: %d ", &status) == 1);
    size_t head = (size_t)(end + 4 - asking->reply.data);
    struct span body = span_of(asking->reply.data + head, asking->reply.len - head);
    check_head(span_of(asking->reply.data, head));
    require(status >= 200 && (status < 500 || front_end_failed(asking)));
    require(!body.len || json_check_by(body, JSON_DEPTH_DEFAULT + 8, &json_foreign, &fault));
    buf_add_span(ret_body, body);
    return status;
}

static int ask(const struct program *program, struct span text, struct buf *ret_body)
{
    struct asking asking = {
        .channel = {.read = read_body, .send = keep_reply, .peer = peer_that_stays}};
    struct serving with = serving;
    if (program)
        with.program = program;
    asking.channel.variables = asking.variables;
    take_lines(&asking, text);
    request_serve(&with, &asking.channel);
    if (keeps)
        store_lead(serving.store);
    int status = take_reply(&asking, ret_body);
    for (size_t i = 0; i < asking.count; i++)
        free(asking.variables[i]);
    buf_done(&asking.reply);
    return status;
}

static void fill_in(struct span text, struct buf *out)
{
    const struct {
        const char *word, *text;
    } words[] = {{"{cid}", cid}, {"{run}", run}, {"{key}", TOKEN}};
    while (text.len) {
        size_t taken = 0;
        for (size_t i = 0; *text.data == '{' && i < sizeof words / sizeof words[0]; i++) {
            if (!span_starts(text, span_str(words[i].word)))
                continue;
            buf_add_str(out, words[i].text);
            taken = strlen(words[i].word);
        }
        if (!taken) {
            taken = 1;
            buf_add_char(out, (char)*text.data);
        }
        text = span_of(text.data + taken, text.len - taken);
    }
}

int served_ask(const struct program *program, struct span text, struct buf *ret_body)
{
    struct buf filled = BUF_INIT;
    fill_in(text, &filled);
    int status = ask(program, buf_span(&filled), ret_body);
    buf_done(&filled);
    return status;
}

/* The home. */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    return remove(path);
}

static enum err create_key(struct store_txn *txn, void *context)
{
    uint8_t digest[CRYPTO_SHA256];
    struct credential key = {.id = uuid_new(),
        .scopes = SCOPE_EVENTS | SCOPE_STATUS | SCOPE_PIPELINES | SCOPE_TRIGGERS | SCOPE_ADMIN,
        .name = span_str("fuzz"),
        .proof_count = 1};
    (void)context;
    crypto_sha256(span_str(TOKEN), digest);
    key.proofs[0].bytes = span_of(digest, sizeof digest);
    return credentials_create(txn, &key);
}

static enum err create_secret(struct store_txn *txn, void *context)
{
    struct buf sealed = BUF_INIT;
    struct credential secret = {.id = uuid_new(),
        .kind = CREDENTIAL_SECRET,
        .scopes = SCOPE_EVENTS,
        .name = span_str("fuzz"),
        .provider = span_str("gitlab"),
        .proof_count = 1};
    struct proof *proof = &secret.proofs[0];
    (void)context;
    enum err err =
        seal_secret(txn, &home, uuid_span(&secret.id), span_str(TOKEN), &proof->key, &sealed);
    proof->bytes = buf_span(&sealed);
    if (!err)
        err = credentials_create(txn, &secret);
    buf_done(&sealed);
    return err;
}

static void make(const char *request, int status, const char *member, char ret_id[UUID_TEXT])
{
    struct buf body = BUF_INIT;
    struct json_item item;
    require(served_ask(NULL, span_str(request), &body) == status);
    if (member) {
        require(json_find(buf_span(&body), member, &item) && item.value.len == UUID_TEXT + 1);
        memcpy(ret_id, item.value.data + 1, UUID_TEXT - 1);
    }
    buf_done(&body);
}

static void fill_home(void)
{
    struct buf none = BUF_INIT;
    require(store_write(serving.store, 0, create_key, NULL) == ERR_OK);
    require(store_write(serving.store, 0, create_secret, NULL) == ERR_OK);
    make("POST /api/v1/pipelines\nHTTP_X_API_KEY={key}\n\n" PIPELINE, 201, NULL, NULL);
    make("PUT /api/v1/admin/step-secrets/s\nHTTP_X_API_KEY={key}\n\n{\"value\":\"a secret\"}", 201,
        NULL, NULL);
    make("POST /api/v1/events/p\nHTTP_X_API_KEY={key}\n\n", 200, NULL, NULL);
    make("POST /fx/events\nHTTP_X_API_KEY={key}\n\n{\"event_source\":\"s\",\"event_type\":"
         "\"order.new\",\"payload\":{\"id\":1}}",
        200, "cid", cid);
    make("POST /api/v1/batches/p\nHTTP_X_API_KEY={key}\n\n{}", 200, "item", run);
    /* The home's key is read by the first request that may be signed. */
    (void)served_ask(NULL, span_str("POST /fx/events\n\n"), &none);
    buf_done(&none);
}

const struct serving *served_open(void)
{
    char dir[] = "/tmp/fx-fuzz-XXXXXX";
    struct buf why = BUF_INIT;
    if (serving.store)
        return &serving;
    require(mkdtemp(dir) != NULL);
    require(home_create(dir) == ERR_OK && home_open(dir, &home) == ERR_OK);
    require(keyring_create(&home) == ERR_OK && store_create(&home) == ERR_OK);
    home.config.store_map_bytes = MIB(16);
    home.config.store_disk_reserve_bytes = 0;
    home.config.web_wait_seconds = 0;
    require(networks_parse("10.0.0.0/8, 127.0.0.1, ::1", &proxies, &why));
    serving = (struct serving){.program = &all, .home = &home, .proxies = &proxies};
    require(store_open(&home, STORE_READ_WRITE, &serving.store) == ERR_OK);
    keeps = true;
    fill_home();
    keeps = false;
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return &serving;
}
