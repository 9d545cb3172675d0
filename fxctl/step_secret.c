/* step_secret - the secrets of a home that steps are given when they run. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "fxctl/help.h"
#include "fxctl/nearest.h"
#include "fxctl/pages.h"
#include "view/step_secret.h"

/* Reads the operand. EXIT_DONE, or the status to leave with after saying why not. */
static int read_name(const struct fxctl *ctl, struct span *ret_name)
{
    *ret_name = span_str(ctl->operands[0]);
    if (name_is_step_secret(*ret_name))
        return EXIT_DONE;
    return help_usage(ctl,
        "a step secret has a name of 1 to %d letters, digits, \".\", \"_\" and "
        "\"-\", beginning with a letter or a digit",
        STEP_SECRET_NAME_MAX);
}

/* set */

/* Reads standard input to its end, without a line end there, which echo and editors add. */
static int read_value(const struct fxctl *ctl, struct buf *value)
{
    size_t n;
    buf_reserve(
        value, STEP_SECRET_MAX + 3); /* at once: a copy that was left would not be cleared */
    do {
        n = fread(value->data + value->len, 1, STEP_SECRET_MAX + 3 - value->len, stdin);
        value->len += n;
    } while (n);
    if (ferror(stdin))
        return fxctl_refuse("cannot read standard input: %s", strerror(errno));
    value->len -= value->len && value->data[value->len - 1] == '\n';
    value->len -= value->len && value->data[value->len - 1] == '\r';
    if (!value->len || value->len > STEP_SECRET_MAX || memchr(value->data, 0, value->len))
        return help_usage(
            ctl, "standard input must hold the value: 1 to %d bytes, without NUL", STEP_SECRET_MAX);
    return EXIT_DONE;
}

struct setting {
    const struct home *home;
    struct span name;
    struct buf value;
    bool is_new;
};

static enum err set_mutation(struct store_txn *txn, void *context)
{
    struct setting *s = context;
    return step_secrets_set(
        txn, s->home, SPAN_NONE, s->name, buf_span(&s->value), clock_wall_ms(), &s->is_new);
}

static int set(struct fxctl *ctl)
{
    struct setting setting = {.home = &ctl->home, .value = BUF_INIT};
    int status = read_name(ctl, &setting.name);
    if (!status)
        status = read_value(ctl, &setting.value);
    if (!status)
        status = fxctl_open(ctl, STORE_READ_WRITE);
    if (!status) {
        enum err err = store_write(ctl->store, 0, set_mutation, &setting);
        if (err) /* what was denied was logged with what to do */
            status = err == ERR_DENIED ? EXIT_NO : fxctl_failed(err);
    }
    if (!status)
        fxctl_say(setting.is_new ? "Step secret %s is set; a definition refers to it as\n"
                                   "  {\"secret\": \"%s\"}"
                                 : "Step secret %s is set anew; attempts that begin from now on "
                                   "are given this value.",
            ctl->operands[0], ctl->operands[0]);
    crypto_forget(&setting.value);
    return status;
}

/* list */

struct listing {
    struct page *page;
    struct json_out *out;
    char last[STEP_SECRET_NAME_MAX + 1]; /* the last that was written */
    bool more;
};

static bool list_one(const struct step_secret *secret, void *context)
{
    struct listing *listing = context;
    listing->more = page_is_full(listing->page, listing->out);
    if (listing->more)
        return false;
    listing->page->rows++;
    snprintf(listing->last, sizeof listing->last, "%.*s", (int)secret->name.len,
        (const char *)secret->name.data);
    step_secret_print(secret, listing->out);
    return true;
}

static enum err print_page(struct fxctl *ctl, struct store_txn *txn, struct page *page,
    struct json_out *out, void *context, bool *ret_more)
{
    struct listing *listing = context;
    char after[STEP_SECRET_NAME_MAX + 1];
    (void)ctl;
    memcpy(after, listing->last, sizeof after);
    listing->page = page;
    listing->out = out;
    enum err err = step_secrets_list(txn, SPAN_NONE, span_str(after), list_one, listing);
    *ret_more = listing->more;
    return err;
}

static int list(struct fxctl *ctl)
{
    static const struct column columns[] = {
        {"NAME", "name", false},
        {"CREATED", "created", false},
        {"LAST MODIFIED", "last_modified", false},
        {0},
    };
    static const struct pages pages = {.member = "step_secrets",
        .columns = columns,
        .none = "There is no step secret yet; make one with: fxctl step-secret set NAME",
        .print = print_page};
    struct listing listing = {.more = false};
    return pages_answer(ctl, &pages, &listing);
}

/* delete */

static bool offer(const struct step_secret *secret, void *context)
{
    nearest_offer(context, secret->name, secret->name);
    return true;
}

/* Says that there is no such step secret, with the names that are like the word. EXIT_NO. */
static int refuse_unknown(const struct fxctl *ctl, const char *word)
{
    struct nearest nearest = nearest_to(span_str(word));
    struct buf meant = BUF_INIT;
    struct store_txn *txn;
    if (!store_read_begin(ctl->store, &txn)) {
        if (!step_secrets_list(txn, SPAN_NONE, SPAN_NONE, offer, &nearest))
            nearest_add(&nearest, &meant);
        store_read_end(txn);
    }
    if (!meant.len)
        buf_add_str(&meant, "; \"fxctl step-secret list\" shows what there is");
    int status = fxctl_refuse("there is no step secret \"%s\"%s", word, buf_text(&meant));
    buf_done(&meant);
    return status;
}

static enum err delete_mutation(struct store_txn *txn, void *context)
{
    const struct span *name = context;
    return step_secrets_del(txn, SPAN_NONE, *name);
}

static int delete (struct fxctl *ctl)
{
    struct span name;
    int status = read_name(ctl, &name);
    if (!status)
        status = fxctl_open(ctl, STORE_READ_WRITE);
    if (status)
        return status;
    enum err err = store_write(ctl->store, 0, delete_mutation, &name);
    if (err == ERR_NOTFOUND)
        return refuse_unknown(ctl, ctl->operands[0]);
    if (err)
        return fxctl_failed(err);
    fxctl_say("Step secret %s is deleted; executions that need it fail until it is set again.",
        ctl->operands[0]);
    return EXIT_DONE;
}

const struct command step_secret_commands[] = {
    {
        .name = "step-secret set",
        .operands = "NAME",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "store a secret for steps, with its value on standard input",
        .details =
            "A definition refers to it as {\"secret\": \"NAME\"}: a value of options.env, a value\n"
            "of an HTTP step's headers, or its secret. The value has 1 to 8192 bytes without\n"
            "NUL; it is stored encrypted with the home's secret.key and never shown; a line end\n"
            "after it is left out. Setting it again gives it another value, which attempts that\n"
            "begin later are given.",
        .run = set,
    },
    {
        .name = "step-secret list",
        .summary = "list the names of the step secrets",
        .details = "Those that are a pipeline's own are not among them.",
        .run = list,
    },
    {
        .name = "step-secret delete",
        .operands = "NAME",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "delete a step secret",
        .details = "Executions that need it fail until it is set again.",
        .run = delete,
    },
    {0},
};
