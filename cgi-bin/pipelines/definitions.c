/* definitions - see definitions.h. */
#include "cgi-bin/pipelines/definitions.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/json.h"
#include "model/definition.h"
#include "model/limits.h"
#include "model/name.h"
#include "store/actions.h"
#include "view/pipeline.h"
#include "web/body.h"

#define LIST_LIMIT_DEFAULT 100
#define LIST_LIMIT_MAX 1000

/* What a write carries from its handler to its reply. */
struct change {
    char id[PIPELINE_ID_MAX + 1];
    char name[PIPELINE_NAME_MAX + 1];
    struct span text; /* the definition as it is stored */
    uint32_t if_version, version;
    const char *why;
};

static void reply_unknown(struct request *request)
{
    reply_problem(request, 404, "There is no such pipeline or version.");
}

static void copy(char *to, size_t size, struct span from)
{
    snprintf(to, size, "%.*s", (int)from.len, (const char *)from.data);
}

/* Replies with one version, or with 404. */
static void reply_version(struct request *request, int status, struct span id, uint32_t version)
{
    struct store_txn *txn;
    struct buf body = BUF_INIT;
    struct json_out out = json_out_to(&body);
    char tag[16];
    enum err err = name_is_pipeline_id(id) ? ERR_OK : ERR_NOTFOUND;
    if (!err)
        err = store_read_begin(request->store, &txn);
    if (!err) {
        err = pipeline_print(txn, id, version, &out, &version);
        store_read_end(txn);
    }
    if (err == ERR_NOTFOUND) {
        reply_unknown(request);
    } else if (err) {
        reply_error(request, err);
    } else {
        snprintf(tag, sizeof tag, "\"%u\"", version);
        reply_header(request, "ETag", tag);
        reply_json(request, status, buf_span(&body));
    }
    buf_done(&body);
}

/* Checks a body (`name` as in definition_read), and puts its definition and ids into *change. */
static bool read_definition(struct request *request, struct span name, struct change *change)
{
    struct definition definition = DEFINITION_INIT;
    struct buf why = BUF_INIT;
    enum err err = definition_read(request->body, name, &definition, &why);
    if (!err)
        err = pipeline_check_home(request->home, definition.pipeline, &why);
    if (err) {
        reply_problem(request, 422, "%s", buf_text(&why));
    } else {
        copy(change->id, sizeof change->id, buf_span(&definition.id));
        copy(change->name, sizeof change->name, buf_span(&definition.name));
        change->text = arena_keep(&request->arena, &definition.text);
    }
    definition_done(&definition);
    buf_done(&why);
    return !err;
}

static enum err create(struct store_txn *txn, void *context)
{
    struct request *request = context;
    struct change *change = request->state;
    return pipelines_create(txn, span_str(change->id), span_str(change->name), change->text,
        clock_wall_ms(), &change->version, &change->why);
}

static void created(struct request *request, enum err err)
{
    const struct change *change = request->state;
    if (err == ERR_CONFLICT)
        reply_problem(request, 409,
            "%s: another pipeline has it; choose another, or replace that "
            "pipeline with PUT.",
            change->why);
    else if (err)
        reply_error(request, err);
    else
        reply_version(request, 201, span_str(change->id), change->version);
}

void definitions_create(struct request *request)
{
    if (!body_is_json(request))
        return;
    struct change *change = request->state = arena_alloc(&request->arena, sizeof *change);
    if (!read_definition(request, SPAN_NONE, change))
        return;
    if (!change->id[0]) {
        struct uuid id = uuid_new();
        uuid_format(&id, change->id);
    }
    request_write(request, STORE_ACCEPT, create, created);
}

static enum err replace(struct store_txn *txn, void *context)
{
    struct request *request = context;
    struct change *change = request->state;
    return pipelines_replace(txn, span_str(change->id), change->if_version, change->text,
        clock_wall_ms(), &change->version);
}

static void replaced(struct request *request, enum err err)
{
    const struct change *change = request->state;
    if (err == ERR_NOTFOUND)
        reply_unknown(request);
    else if (err == ERR_CONFLICT)
        reply_problem(
            request, 412, "The pipeline has changed since the version in If-Match; read it again.");
    else if (err)
        reply_error(request, err);
    else
        reply_version(request, 200, span_str(change->id), change->version);
}

/* Puts the name of a stored pipeline into change->name. ERR_NOTFOUND. */
static enum err find_name(struct request *request, struct span id, struct change *change)
{
    struct store_txn *txn;
    struct pipeline_info info;
    if (!name_is_pipeline_id(id))
        return ERR_NOTFOUND;
    enum err err = store_read_begin(request->store, &txn);
    if (err)
        return err;
    err = pipelines_get(txn, id, &info);
    if (!err)
        copy(change->name, sizeof change->name, info.name);
    store_read_end(txn);
    return err;
}

/* Reads If-Match: one entity tag, or "*". False when the request was answered. */
static bool read_if_match(struct request *request, uint32_t *ret_version)
{
    struct span tag = request_header(request, "HTTP_IF_MATCH");
    uint32_t version = 0;
    *ret_version = 0;
    if (!tag.len || span_eq_str(tag, "*"))
        return true;
    if (tag.len > 2 && tag.data[0] == '"' && tag.data[tag.len - 1] == '"')
        version = name_version(span_of(tag.data + 1, tag.len - 2));
    if (!version) {
        reply_problem(request, 412, "If-Match names no version of this pipeline; send the ETag.");
        return false; /* and what ret_version points to, in the request, is gone */
    }
    *ret_version = version;
    return true;
}

void definitions_replace(struct request *request)
{
    struct change *change = request->state = arena_alloc(&request->arena, sizeof *change);
    char id[PIPELINE_ID_MAX + 1];
    if (!body_is_json(request))
        return;
    enum err err = find_name(request, request->params[0], change);
    if (err == ERR_NOTFOUND) {
        reply_unknown(request);
        return;
    }
    if (err) {
        reply_error(request, err);
        return;
    }
    copy(id, sizeof id, request->params[0]);
    struct span name = arena_copy(&request->arena, span_str(change->name));
    if (!read_if_match(request, &change->if_version) || !read_definition(request, name, change))
        return;
    if (change->id[0] && strcmp(change->id, id) != 0) {
        reply_problem(request, 422, "id: is not the id in the path; leave it out.");
        return;
    }
    memcpy(change->id, id, sizeof id);
    request_write(request, STORE_ACCEPT, replace, replaced);
}

void definitions_get(struct request *request)
{
    reply_version(request, 200, request->params[0], 0);
}

void definitions_version(struct request *request)
{
    uint32_t version = name_version(request->params[1]);
    if (version)
        reply_version(request, 200, request->params[0], version);
    else
        reply_unknown(request);
}

static enum err delete (struct store_txn *txn, void *context) {
    struct request *request = context; struct change *change = request->state;
    return actions_delete_pipeline(txn, request->params[0], &change->why);
}

static void deleted(struct request *request, enum err err)
{
    const struct change *change = request->state;
    if (err == ERR_NOTFOUND)
        reply_unknown(request);
    else if (err == ERR_CONFLICT)
        reply_problem(request, 409, "The pipeline cannot be deleted: %s.", change->why);
    else if (err)
        reply_error(request, err);
    else
        reply_message(request, 200, "Pipeline deleted successfully");
}

void definitions_delete(struct request *request)
{
    if (!name_is_pipeline_id(request->params[0])) {
        reply_unknown(request);
        return;
    }
    request->state = arena_alloc(&request->arena, sizeof(struct change));
    request_write(request, STORE_WAKE, delete, deleted);
}

/* A list that is written while the store is walked. */
struct listing {
    struct store_txn *txn;
    struct json_out out;
    size_t left;
    struct buf last; /* id of the last pipeline written */
    bool more;
    enum err err;
};

static bool list_one(const struct pipeline_info *info, void *context)
{
    struct listing *listing = context;
    uint32_t version;
    if (!listing->left) {
        listing->more = true;
        return false;
    }
    listing->left--;
    buf_clear(&listing->last);
    buf_add_span(&listing->last, info->id);
    listing->err = pipeline_print(listing->txn, info->id, 0, &listing->out, &version);
    return !listing->err;
}

/* Reads ?limit= and ?after=. False when the request was answered. */
static bool read_page(struct request *request, size_t *ret_limit, struct span *ret_after)
{
    struct span limit_text;
    uint64_t limit = LIST_LIMIT_DEFAULT;
    if (!request_text(request, "limit", &limit_text) || !request_text(request, "after", ret_after))
        return false;
    if (limit_text.data && !(ascii_number(limit_text, LIST_LIMIT_MAX, &limit) && limit)) {
        reply_problem(request, 422, "limit: must be a whole number from 1 to %d.", LIST_LIMIT_MAX);
        return false;
    }
    if (ret_after->data && !name_is_pipeline_id(*ret_after)) {
        reply_problem(request, 422, "after: must be the \"next\" of the page before.");
        return false;
    }
    *ret_limit = (size_t)limit;
    return true;
}

void definitions_list(struct request *request)
{
    struct buf body = BUF_INIT;
    struct span after;
    struct listing listing = {.out = json_out_to(&body), .last = BUF_INIT};
    if (!read_page(request, &listing.left, &after))
        goto out;
    enum err err = store_read_begin(request->store, &listing.txn);
    if (!err) {
        json_open(&listing.out, '{');
        json_key(&listing.out, "pipelines");
        json_open(&listing.out, '[');
        err = pipelines_list(listing.txn, after, list_one, &listing);
        json_close(&listing.out, ']');
        store_read_end(listing.txn);
    }
    if (err || listing.err) {
        reply_error(request, err ? err : listing.err);
        goto out;
    }
    json_put_str(&listing.out, "next", listing.more ? buf_text(&listing.last) : NULL);
    json_close(&listing.out, '}');
    reply_json(request, 200, buf_span(&body));
out:
    buf_done(&body);
    buf_done(&listing.last);
}

void definitions_versions(struct request *request)
{
    struct buf body = BUF_INIT;
    struct json_out out = json_out_to(&body);
    struct pipeline_info info = {0};
    struct store_txn *txn;
    struct span id = request->params[0];
    enum err err = name_is_pipeline_id(id) ? ERR_OK : ERR_NOTFOUND;
    if (!err)
        err = store_read_begin(request->store, &txn);
    if (!err) {
        err = pipelines_get(txn, id, &info);
        json_open(&out, '{');
        json_key(&out, "versions");
        json_open(&out, '[');
        for (uint32_t v = info.version; !err && v >= 1; v--) {
            uint32_t version;
            err = pipeline_print(txn, id, v, &out, &version);
            /* Lower versions belonged to a pipeline of the same id that was deleted. */
            if (err == ERR_NOTFOUND && v < info.version) {
                err = ERR_OK;
                break;
            }
        }
        json_close(&out, ']');
        json_close(&out, '}');
        store_read_end(txn);
    }
    if (err == ERR_NOTFOUND)
        reply_unknown(request);
    else if (err)
        reply_error(request, err);
    else
        reply_json(request, 200, buf_span(&body));
    buf_done(&body);
}
