/* pipeline - the pipelines of a home. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "fxctl/input.h"
#include "fxctl/operand.h"
#include "fxctl/read.h"
#include "fxctl/pages.h"
#include "fxctl/text.h"
#include "model/definition.h"
#include "model/json_value.h"
#include "store/actions.h"
#include "store/literals.h"
#include "store/triggers.h"
#include "view/pipeline.h"

/* apply */

enum outcome { CREATED, REPLACED, UNCHANGED };

static const char *const outcome_names[] = {"created", "replaced", "unchanged"};

/* One definition on its way into the store, and what became of it. */
struct application {
    const struct definition *definition;
    int64_t now_ms;
    char new_id[UUID_TEXT]; /* the id, where the definition names none */

    char id[PIPELINE_ID_MAX + 1];
    enum outcome outcome;
    uint32_t version;
    uint32_t running;  /* the version that its trigger runs; 0: not started */
    const char *taken; /* after ERR_CONFLICT: what another pipeline has already */
    const struct home *home;
    struct buf text; /* the definition as it is stored */
    struct buf why;  /* after ERR_INVALID: what is wrong with it */
    bool renamed;    /* after ERR_CONFLICT: the id belongs to a pipeline of another name */
};

static void keep_id(struct application *a, struct span id)
{
    snprintf(a->id, sizeof a->id, "%.*s", (int)id.len, (const char *)id.data);
}

/* Finds the pipeline that the definition is meant for: by its id, else by its name. */
static enum err find_target(struct store_txn *txn, struct application *a)
{
    const struct definition *d = a->definition;
    struct pipeline_info info;
    struct span id = buf_span(&d->id);
    enum err err = ERR_OK;
    if (!id.len)
        err = pipelines_by_name(txn, buf_span(&d->name), &id);
    if (err)
        return err;
    keep_id(a, id);
    err = pipelines_get(txn, id, &info);
    if (!err && !span_eq(info.name, buf_span(&d->name))) {
        a->renamed = true;
        return ERR_CONFLICT;
    }
    return err;
}

/* Makes of the definition what is stored. */
static enum err take_out_secrets(struct store_txn *txn, struct application *a)
{
    return literals_take_out(
        txn, a->home, span_str(a->id), a->definition, a->now_ms, &a->text, &a->why);
}

static enum err create(struct store_txn *txn, struct application *a)
{
    const struct definition *d = a->definition;
    keep_id(a, d->id.len ? buf_span(&d->id) : span_str(a->new_id));
    a->outcome = CREATED;
    enum err err = take_out_secrets(txn, a);
    return err ? err
               : pipelines_create(txn, span_str(a->id), buf_span(&d->name), buf_span(&a->text),
                     a->now_ms, &a->version, &a->taken);
}

static enum err apply_mutation(struct store_txn *txn, void *context)
{
    struct application *a = context;
    struct span latest;
    struct trigger trigger;
    int64_t created_ms;
    a->renamed = false;
    a->running = 0;
    enum err err = find_target(txn, a);
    if (err == ERR_NOTFOUND)
        return create(txn, a);
    if (!err)
        err = triggers_get(txn, span_str(a->id), &trigger);
    if (!err)
        a->running = trigger.pipeline_version;
    if (!err || err == ERR_NOTFOUND)
        err = take_out_secrets(txn, a);
    if (!err)
        err = pipelines_version(txn, span_str(a->id), 0, &a->version, &created_ms, &latest);
    if (err)
        return err;
    a->outcome = json_value_eq(latest, buf_span(&a->text), NULL) ? UNCHANGED : REPLACED;
    if (a->outcome == UNCHANGED)
        return ERR_OK;
    return pipelines_replace(txn, span_str(a->id), 0, buf_span(&a->text), a->now_ms, &a->version);
}

/* Says what is to be done next, as a command to paste; nothing where the new version runs. */
static void say_next(const struct fxctl *ctl, const struct application *a)
{
    bool starts = a->definition->pipeline->event || a->definition->pipeline->scheduled;
    bool is_old = a->running && a->running != a->version;
    struct buf command = BUF_INIT;
    fxctl_add_command(ctl,
        starts   ? "trigger start"
        : is_old ? "trigger stop"
                 : "pipeline run",
        buf_span(&a->definition->name), &command);
    if (is_old && starts)
        fxctl_say("Its trigger still runs version %" PRIu32 "; to run the new one:\n  %s",
            a->running, buf_text(&command));
    else if (is_old)
        fxctl_say("Its trigger still runs version %" PRIu32
                  ". The new one has neither an event nor a "
                  "schedule; to end the old one:\n  %s",
            a->running, buf_text(&command));
    else if (!starts)
        fxctl_say("It has neither an event nor a schedule, so only people start it:\n  %s",
            buf_text(&command));
    else if (!a->running)
        fxctl_say("Nothing starts it before its trigger is started:\n  %s", buf_text(&command));
    buf_done(&command);
}

static void print_applied(const struct fxctl *ctl, const struct application *a)
{
    const char *name = buf_text(&a->definition->name);
    char version[16];
    struct buf text = BUF_INIT, word = BUF_INIT;
    struct json_out o = json_out_to(&text);
    snprintf(version, sizeof version, "%" PRIu32, a->version);
    if (ctl->json) {
        json_open(&o, '{');
        json_put_str(&o, "id", a->id);
        json_put_str(&o, "name", name);
        json_put_str(&o, "version", version);
        json_put_str(&o, "outcome", outcome_names[a->outcome]);
        json_close(&o, '}');
    } else {
        buf_add_str(&text, a->id);
    }
    fxctl_print(&text);
    buf_done(&text);
    text_add_word(buf_span(&a->definition->name), &word);
    fxctl_say(
        "Pipeline %s is %s: version %s.", buf_text(&word), outcome_names[a->outcome], version);
    say_next(ctl, a);
    buf_done(&word);
}

static int refuse_conflict(const struct application *a)
{
    if (a->renamed && !a->definition->id.len)
        return fxctl_refuse("name: another pipeline has it, in upper or lower case, and a pipeline "
                            "keeps its name; choose another, or write it as that one has it");
    if (a->renamed)
        return fxctl_refuse("id: belongs to a pipeline of another name, and a pipeline keeps its "
                            "name; leave the id out to create another one");
    return fxctl_refuse("%s: another pipeline has it%s; choose another", a->taken,
        strcmp(a->taken, "name") == 0 ? ", in upper or lower case" : "");
}

/* Says why the definition was not stored. */
static int refuse(const struct application *a, enum err err)
{
    if (err == ERR_CONFLICT)
        return refuse_conflict(a);
    if (err == ERR_INVALID)
        return fxctl_refuse("%s", buf_text(&a->why));
    return err == ERR_DENIED ? EXIT_NO : fxctl_failed(err); /* what was denied was logged */
}

/* Checks a document and stores it. */
static int apply_definition(struct fxctl *ctl, struct span body)
{
    struct definition definition;
    struct application a = {
        .definition = &definition, .now_ms = clock_wall_ms(), .home = &ctl->home};
    struct uuid id = uuid_new();
    struct buf why = BUF_INIT;
    int status = EXIT_DONE;
    uuid_format(&id, a.new_id);
    enum err err = definition_read(body, SPAN_NONE, &definition, &why);
    if (!err)
        err = pipeline_check_home(&ctl->home, definition.pipeline, &why);
    if (err)
        status = fxctl_refuse("%s", buf_text(&why));
    if (!status)
        status = fxctl_open_store(ctl, STORE_READ_WRITE);
    if (!status) {
        err = store_write(ctl->store, STORE_ACCEPT, apply_mutation, &a);
        if (!err)
            print_applied(ctl, &a);
        else
            status = refuse(&a, err);
    }
    buf_done(&a.text);
    buf_done(&a.why);
    definition_done(&definition);
    buf_done(&why);
    return status;
}

static int apply(struct fxctl *ctl)
{
    struct buf text = BUF_INIT;
    struct span body;
    int status = fxctl_open_home(ctl);
    if (!status)
        status = input_read(ctl, ctl->operands[0], &text, &body);
    if (!status)
        status = apply_definition(ctl, body);
    buf_done(&text);
    return status;
}

/* list */

struct listing {
    struct store_txn *txn;
    struct page *page;
    struct json_out *out;
    char last[PIPELINE_ID_MAX + 1]; /* the id of the last that was written */
    bool more;
    enum err err;
};

static bool list_one(const struct pipeline_info *info, void *context)
{
    struct listing *listing = context;
    struct json_out *o = listing->out;
    struct trigger trigger;
    char version[16];
    listing->more = page_is_full(listing->page, o);
    if (listing->more)
        return false;
    listing->page->rows++;
    snprintf(listing->last, sizeof listing->last, "%.*s", (int)info->id.len,
        (const char *)info->id.data);
    enum err err = triggers_get(listing->txn, info->id, &trigger);
    json_open(o, '{');
    json_put_text(o, "id", info->id);
    json_put_text(o, "name", info->name);
    snprintf(version, sizeof version, "%" PRIu32, info->version);
    json_put_str(o, "version", version);
    json_key(o, "created");
    json_time(o, info->created_ms);
    json_key(o, "last_modified");
    json_time(o, info->updated_ms);
    snprintf(version, sizeof version, "%" PRIu32, err ? 0 : trigger.pipeline_version);
    json_put_str(o, "started_version", err ? NULL : version);
    json_close(o, '}');
    listing->err = err == ERR_NOTFOUND ? ERR_OK : err;
    return !listing->err;
}

static enum err print_page(struct fxctl *ctl, struct store_txn *txn, struct page *page,
    struct json_out *out, void *context, bool *ret_more)
{
    struct listing *listing = context;
    char after[PIPELINE_ID_MAX + 1];
    (void)ctl;
    memcpy(after, listing->last, sizeof after);
    listing->txn = txn;
    listing->page = page;
    listing->out = out;
    enum err err = pipelines_list(txn, span_str(after), list_one, listing);
    *ret_more = listing->more;
    return err ? err : listing->err;
}

static int list(struct fxctl *ctl)
{
    static const struct column columns[] = {
        {"NAME", "name", false},
        {"VERSION", "version", true},
        {"STARTED", "started_version", true},
        {"LAST MODIFIED", "last_modified", false},
        {"ID", "id", false},
        {0},
    };
    static const struct pages pages = {.member = "pipelines",
        .columns = columns,
        .none = "There is no pipeline yet; make one with: fxctl pipeline apply FILE",
        .print = print_page};
    struct listing listing = {.more = false};
    return pages_answer(ctl, &pages, &listing);
}

/* show */

static enum err print_version(
    struct fxctl *ctl, struct store_txn *txn, struct json_out *out, void *context)
{
    const uint32_t *version = context;
    char id[PIPELINE_ID_MAX + 1];
    uint32_t found;
    enum err err = operand_pipeline(txn, ctl->operands[0], id);
    return err ? err : pipeline_print(txn, span_str(id), *version, out, &found);
}

static int no_version(const struct fxctl *ctl, const void *context)
{
    return operand_unknown(ctl, ctl->operands[0], *(const uint32_t *)context);
}

static int show(struct fxctl *ctl)
{
    uint32_t version;
    struct buf text = BUF_INIT;
    int status = operand_version(ctl, &version);
    if (!status)
        status = read_document(ctl, print_version, &version, no_version, &text);
    if (!status)
        fxctl_print(&text);
    buf_done(&text);
    return status;
}

/* delete */

struct deletion {
    const char *word;
    char id[PIPELINE_ID_MAX + 1];
    const char *why;
};

static enum err delete_mutation(struct store_txn *txn, void *context)
{
    struct deletion *deletion = context;
    enum err err = operand_pipeline(txn, deletion->word, deletion->id);
    return err ? err : actions_delete_pipeline(txn, span_str(deletion->id), &deletion->why);
}

static int delete (struct fxctl *ctl)
{
    struct deletion deletion = {.word = ctl->operands[0]};
    int status = fxctl_open(ctl, STORE_READ_WRITE);
    if (status)
        return status;
    enum err err = store_write(ctl->store, STORE_WAKE, delete_mutation, &deletion);
    if (err == ERR_NOTFOUND)
        return operand_unknown(ctl, deletion.word, 0);
    if (err == ERR_CONFLICT)
        return fxctl_refuse("%s cannot be deleted: %s", deletion.word, deletion.why);
    if (err)
        return fxctl_failed(err);
    fxctl_say("Pipeline %s (%s) is deleted; its executions can still be read.", deletion.word,
        deletion.id);
    return EXIT_DONE;
}

static const struct option_rule show_options[] = {
    {"version", "N", OPTION_FREE, "the version to show; else the latest"},
    {0},
};

const struct command pipeline_commands[] = {
    {
        .name = "pipeline apply",
        .operands = "FILE|-",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "create a pipeline from its definition, or make its next version",
        .details =
            "The definition is a JSON object with name, steps and options, and perhaps an id.\n"
            "The pipeline of that id, else of that name, gets a new version when the definition\n"
            "differs from the latest one in more than spaces and the order of members.\n"
            "Scripts that it names must be in the home's scripts directory, and executable.\n"
            "Prints the id of the pipeline. A trigger goes on running the version it was started\n"
            "with until \"fxctl trigger start\" replaces it.",
        .run = apply,
    },
    {
        .name = "pipeline list",
        .summary = "list the pipelines, with the version each trigger runs",
        .run = list,
    },
    {
        .name = "pipeline show",
        .operands = "NAME-OR-ID",
        .operands_min = 1,
        .operands_max = 1,
        .options = show_options,
        .summary = "print a pipeline as JSON",
        .run = show,
    },
    {
        .name = "pipeline delete",
        .operands = "NAME-OR-ID",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "delete a pipeline with all its versions",
        .details =
            "Refused while its trigger is started or an execution of it runs. What it did can\n"
            "still be read; what never ran is skipped, and what waits for its next attempt has\n"
            "failed. One that is created again under the same id goes on counting versions.",
        .run = delete,
    },
    {0},
};
