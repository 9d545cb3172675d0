/* definitions - see definitions.h. */
#include "cgi-bin/pipelines/definitions.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "model/definition.h"
#include "model/limits.h"
#include "model/name.h"
#include "store/actions.h"
#include "store/literals.h"
#include "view/pipeline.h"
#include "web/body.h"
#include "web/place.h"
#include "web/read.h"

#define LIST_LIMIT_DEFAULT 100

#define WRONG_AFTER "after: must be the \"next\" of the page before."

#define UNKNOWN "There is no such pipeline or version."

/* What a write carries from its handler to its reply. */
struct change {
    char id[PIPELINE_ID_MAX + 1];
    char name[PIPELINE_NAME_BYTES + 1];
    struct definition definition; /* as it came; ended when the change has been settled */
    struct buf text;              /* the definition as it is stored, likewise */
    struct buf refusal;           /* why it is not stored, after ERR_INVALID */
    uint32_t if_version, version;
    const char *why; /* another reason */
};

static void reply_unknown(struct request *request)
{
    reply_problem(request, 404, UNKNOWN);
}

static void copy(char *to, size_t size, struct span from)
{
    snprintf(to, size, "%.*s", (int)from.len, (const char *)from.data);
}

/* The version that a change is about; 0: the latest. */
static enum err print_version(struct request *request, struct store_txn *txn, struct json_out *out)
{
    const struct change *change = request->state;
    uint32_t version;
    char tag[16];
    enum err err = pipeline_print(txn, span_str(change->id), change->version, out, &version);
    if (err)
        return err;
    snprintf(tag, sizeof tag, "\"%u\"", version);
    reply_header(request, "ETag", tag);
    return ERR_OK;
}

static enum err print_created(struct request *request, struct store_txn *txn, struct json_out *out)
{
    const struct change *change = request->state;
    enum err err = print_version(request, txn, out);
    if (!err)
        place_reply_location(request, "/api/v1/pipelines/%s", change->id);
    return err;
}

/* Checks a body (`name` as in definition_read), and puts its definition and ids into *change. */
static bool read_definition(struct request *request, struct span name, struct change *change)
{
    struct definition *d = &change->definition;
    struct buf why = BUF_INIT;
    enum err err = definition_read(request->body, name, d, &why);
    if (!err)
        err = pipeline_check_home(request->home, d->pipeline, &why);
    if (err) {
        definition_done(d);
        reply_problem(request, 422, "%s", buf_text(&why));
    } else {
        copy(change->id, sizeof change->id, buf_span(&d->id));
        copy(change->name, sizeof change->name, buf_span(&d->name));
    }
    buf_done(&why);
    return !err;
}

/* Makes of the definition what is stored. */
static enum err take_out_secrets(
    struct store_txn *txn, const struct request *request, struct change *change, int64_t now_ms)
{
    return literals_take_out(txn, request->home, span_str(change->id), &change->definition, now_ms,
        &change->text, &change->refusal);
}

/* Gives back what the mutation needed. The refusal is left, in the arena. */
static struct span settle(struct request *request)
{
    struct change *change = request->state;
    definition_done(&change->definition);
    buf_done(&change->text);
    return arena_keep(&request->arena, &change->refusal);
}

/* Replies that a definition was not stored, in the cases that creating and replacing share. */
static void reply_refused(struct request *request, enum err err, struct span refusal)
{
    if (err == ERR_INVALID)
        reply_problem(request, 422, "%.*s", (int)refusal.len, (const char *)refusal.data);
    else if (err == ERR_DENIED)
        reply_problem(request, 503, "Its secrets cannot be sealed; the log says how to mend that.");
    else
        reply_error(request, err);
}

static enum err create(struct store_txn *txn, void *context)
{
    struct request *request = context;
    struct change *change = request->state;
    int64_t now_ms = clock_wall_ms();
    enum err err = take_out_secrets(txn, request, change, now_ms);
    return err ? err
               : pipelines_create(txn, span_str(change->id), span_str(change->name),
                     buf_span(&change->text), now_ms, &change->version, &change->why);
}

static void created(struct request *request, enum err err)
{
    const struct change *change = request->state;
    struct span refusal = settle(request);
    if (err == ERR_CONFLICT)
        reply_problem(request, 409,
            "%s: another pipeline has it%s; choose another, or replace that pipeline with PUT.",
            change->why, strcmp(change->why, "name") == 0 ? ", in upper or lower case" : "");
    else if (err)
        reply_refused(request, err, refusal);
    else
        read_reply(request, 201, print_created, UNKNOWN);
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
    int64_t now_ms = clock_wall_ms();
    enum err err = take_out_secrets(txn, request, change, now_ms);
    return err ? err
               : pipelines_replace(txn, span_str(change->id), change->if_version,
                     buf_span(&change->text), now_ms, &change->version);
}

static void replaced(struct request *request, enum err err)
{
    struct span refusal = settle(request);
    if (err == ERR_NOTFOUND)
        reply_unknown(request);
    else if (err == ERR_CONFLICT)
        reply_problem(
            request, 412, "The pipeline has changed since the version in If-Match; read it again.");
    else if (err)
        reply_refused(request, err, refusal);
    else
        read_reply(request, 200, print_version, UNKNOWN);
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
        (void)settle(request);
        reply_problem(request, 422, "id: is not the id in the path; leave it out.");
        return;
    }
    memcpy(change->id, id, sizeof id);
    request_write(request, STORE_ACCEPT, replace, replaced);
}

/* Replies with one version of the pipeline in the path. */
static void reply_version(struct request *request, uint32_t version)
{
    struct change *change = request->state = arena_alloc(&request->arena, sizeof *change);
    if (!name_is_pipeline_id(request->params[0])) {
        reply_unknown(request);
        return;
    }
    copy(change->id, sizeof change->id, request->params[0]);
    change->version = version;
    read_reply(request, 200, print_version, UNKNOWN);
}

void definitions_get(struct request *request)
{
    reply_version(request, 0);
}

void definitions_version(struct request *request)
{
    uint32_t version = name_version(request->params[1]);
    if (version)
        reply_version(request, version);
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

/* A page of pipelines that is written while the store is walked. */
struct listing {
    struct page page;
    struct span after;
    struct store_txn *txn;
    struct json_out *out;
    char last[PIPELINE_ID_MAX + 1]; /* the id of the last pipeline written */
    bool more;
    enum err err;
};

static bool list_one(const struct pipeline_info *info, void *context)
{
    struct listing *listing = context;
    uint32_t version;
    listing->more = page_is_full(&listing->page, listing->out);
    if (listing->more)
        return false;
    listing->page.rows++;
    copy(listing->last, sizeof listing->last, info->id);
    listing->err = pipeline_print(listing->txn, info->id, 0, listing->out, &version);
    return !listing->err;
}

static enum err print_list(struct request *request, struct store_txn *txn, struct json_out *out)
{
    struct listing *listing = request->state;
    listing->txn = txn;
    listing->out = out;
    json_open(out, '{');
    json_key(out, "pipelines");
    json_open(out, '[');
    page_begin(&listing->page, out);
    enum err err = pipelines_list(txn, listing->after, list_one, listing);
    json_close(out, ']');
    json_put_str(out, "next", listing->more ? listing->last : NULL);
    json_close(out, '}');
    return err ? err : listing->err;
}

void definitions_list(struct request *request)
{
    struct listing *listing = request->state = arena_alloc(&request->arena, sizeof *listing);
    if (!read_page(request, LIST_LIMIT_DEFAULT, &listing->page) ||
        !request_text(request, "after", &listing->after))
        return;
    if (listing->after.data && !name_is_pipeline_id(listing->after))
        reply_problem(request, 422, WRONG_AFTER);
    else
        read_reply(request, 200, print_list, UNKNOWN);
}

/* A page of versions, the latest first. */
struct history {
    struct page page;
    uint32_t after; /* the last of the page before; 0: this is the first page */
};

/* Writes versions below and with *version, which becomes the next to write; 0: there is none. */
static enum err print_history(struct store_txn *txn, struct span id, struct page *page,
    struct json_out *out, uint32_t *version)
{
    enum err err = ERR_OK;
    page_begin(page, out);
    for (uint32_t found; !err && *version && !page_is_full(page, out); page->rows++, --*version)
        err = pipeline_print(txn, id, *version, out, &found);
    /* Lower versions belonged to a pipeline of the same id that was deleted. */
    if (err == ERR_NOTFOUND)
        *version = 0;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err print_versions(struct request *request, struct store_txn *txn, struct json_out *out)
{
    struct history *history = request->state;
    struct span id = request->params[0];
    struct pipeline_info info;
    char next[16];
    enum err err = name_is_pipeline_id(id) ? pipelines_get(txn, id, &info) : ERR_NOTFOUND;
    if (err)
        return err;
    uint32_t version = info.version;
    if (history->after && history->after <= version)
        version = history->after - 1;
    json_open(out, '{');
    json_key(out, "versions");
    json_open(out, '[');
    err = print_history(txn, id, &history->page, out, &version);
    json_close(out, ']');
    snprintf(next, sizeof next, "%u", version + 1);
    if (version)
        json_put_str(out, "next", next);
    json_close(out, '}');
    return err;
}

void definitions_versions(struct request *request)
{
    struct history *history = request->state = arena_alloc(&request->arena, sizeof *history);
    struct span after;
    if (!read_page(request, 0, &history->page) || !request_text(request, "after", &after))
        return;
    history->after = name_version(after);
    if (after.data && !history->after)
        reply_problem(request, 422, WRONG_AFTER);
    else
        read_reply(request, 200, print_versions, UNKNOWN);
}
