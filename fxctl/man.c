/*
 * man - the manual pages. Their prose is written by hand; commands, options and settings are
 * put in from the tables that --help and fx.conf come from, where a page's source has a line
 * such as `.\" COMMANDS`.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "fxctl/fxctl.h"
#include "fxctl/nearest.h"
#include "home/config.h"

#define VERSION_MARK "@VERSION@"

/* in man_page.S */
extern const char man_fxctl[], man_conf[], man_dispatcher[];

static const struct page {
    const char *name, *text;
} pages[] = {
    {"fxctl", man_fxctl},
    {"fx.conf", man_conf},
    {"fx-dispatcher", man_dispatcher},
};
#define PAGES (sizeof pages / sizeof pages[0])

/*
 * Adds running text as roff has it: an empty line begins a paragraph, and nothing in it is a
 * request. A hyphen that begins a word is that of an option.
 */
static void add_text(const char *text, struct buf *out)
{
    char before = '\n';
    for (; *text; before = *text++) {
        if (before == '\n' && *text == '\n')
            buf_add_str(out, ".Pp");
        else if (before == '\n' && (*text == '.' || *text == '\''))
            buf_add_str(out, "\\&");
        if (*text == '\\')
            buf_add_str(out, "\\e");
        else if (*text == '-' && !isalnum((unsigned char)before))
            buf_add_str(out, "\\-");
        else
            buf_add_char(out, *text);
    }
}

/* Adds an option with its value: "Fl -name Ar NAME". */
static void add_option(const struct option_rule *rule, struct buf *out)
{
    buf_printf(out, " Fl -%s", rule->name);
    if (rule->value)
        buf_printf(out, rule->need == OPTION_BARE ? " Oo Ar %s Oc" : " Ar %s", rule->value);
}

static void add_options(const struct option_rule *rules, struct buf *out)
{
    for (; rules && rules->name; rules++) {
        buf_add_str(out, ".It");
        add_option(rules, out);
        buf_add_char(out, '\n');
        add_text(rules->summary, out);
        buf_add_char(out, '\n');
    }
}

/* Adds the head of a command's item: its name, and what may or must stand behind it. */
static void add_head(const struct command *command, struct buf *out)
{
    buf_printf(out, ".It Cm %s", command->name);
    const struct option_rule *rule = command->options;
    for (; rule && rule->name; rule++)
        if (rule->need == OPTION_REQUIRED)
            add_option(rule, out);
    if (command->operands)
        buf_printf(out, " Ar %s", command->operands);
    for (rule = command->options; rule && rule->name; rule++) {
        if (rule->need == OPTION_REQUIRED)
            continue;
        buf_add_str(out, " Oo");
        add_option(rule, out);
        buf_add_str(out, rule->need == OPTION_MANY ? " Oc Ns ..." : " Oc");
    }
    buf_add_char(out, '\n');
}

static void add_command(const struct command *command, struct buf *out)
{
    add_head(command, out);
    buf_add_char(out, (char)toupper((unsigned char)command->summary[0]));
    add_text(command->summary + 1, out);
    buf_add_str(out, ".\n");
    if (command->details) {
        buf_add_str(out, ".Pp\n");
        add_text(command->details, out);
        buf_add_char(out, '\n');
    }
    if (command->options) {
        buf_add_str(out, ".Bl -tag -width Ds -compact\n");
        add_options(command->options, out);
        buf_add_str(out, ".El\n");
    }
}

static void add_commands(const struct fxctl *ctl, struct buf *out)
{
    for (const struct command *const *group = ctl->groups; *group; group++)
        for (const struct command *c = *group; c->name; c++)
            add_command(c, out);
}

static void add_global_options(const struct fxctl *ctl, struct buf *out)
{
    (void)ctl;
    add_options(command_global, out);
}

/* Adds what a setting is where fx.conf leaves it out, and what it may be. */
static void add_range(const struct config_setting *s, struct buf *out)
{
    if (!s->text)
        buf_printf(out, "Default: %" PRId64 "; a whole number from %" PRId64 " to %" PRId64 ".\n",
            s->value, s->min, s->max);
    else if (s->words)
        buf_printf(out, "Default: %s; one of %s.\n", s->text, s->words);
    else
        buf_printf(
            out, "Default: %s; at most %" PRId64 " bytes.\n", *s->text ? s->text : "none", s->max);
}

static void add_settings(const struct fxctl *ctl, struct buf *out)
{
    (void)ctl;
    const char *section = "";
    const struct config_setting *s;
    for (size_t i = 0; (s = config_setting(i)); i++) {
        if (strcmp(section, s->section) != 0)
            buf_printf(
                out, "%s.Ss [%s]\n.Bl -tag -width Ds\n", *section ? ".El\n" : "", s->section);
        section = s->section;
        buf_printf(out, ".It Va %s\n", s->key);
        add_text(s->sentence, out);
        buf_add_char(out, '\n');
        add_range(s, out);
    }
    buf_add_str(out, ".El\n");
}

/* What takes the place of a line of a page. */
static const struct {
    const char *line;
    void (*add)(const struct fxctl *ctl, struct buf *out);
} parts[] = {
    {".\\\" COMMANDS", add_commands},
    {".\\\" OPTIONS", add_global_options},
    {".\\\" SETTINGS", add_settings},
};

static void add_line(const struct fxctl *ctl, const char *line, struct buf *out)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(line, parts[i].line) == 0) {
            parts[i].add(ctl, out);
            return;
        }
    const char *mark = strstr(line, VERSION_MARK);
    if (mark)
        buf_printf(
            out, "%.*s" FX_VERSION "%s\n", (int)(mark - line), line, mark + strlen(VERSION_MARK));
    else
        buf_printf(out, "%s\n", line);
}

static void add_page(const struct fxctl *ctl, const struct page *page, struct buf *out)
{
    char *text = mem_strdup(page->text);
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) && rest;)
        add_line(ctl, line, out);
    free(text);
}

static int refuse_page(const char *name)
{
    struct buf near = BUF_INIT;
    struct nearest nearest = nearest_to(span_str(name));
    for (size_t i = 0; i < PAGES; i++)
        nearest_offer(&nearest, span_str(pages[i].name), span_str(pages[i].name));
    nearest_add(&nearest, &near);
    int status =
        fxctl_refuse("there is no page \"%s\"; there are fxctl, fx.conf and fx-dispatcher%s", name,
            buf_text(&near));
    buf_done(&near);
    return status;
}

static int man(struct fxctl *ctl)
{
    const char *name = ctl->operand_count ? ctl->operands[0] : pages[0].name;
    for (size_t i = 0; i < PAGES; i++)
        if (strcmp(name, pages[i].name) == 0) {
            struct buf text = BUF_INIT;
            add_page(ctl, &pages[i], &text);
            fxctl_print(&text);
            buf_done(&text);
            return EXIT_DONE;
        }
    return refuse_page(name);
}

const struct command man_commands[] = {
    {
        .name = "man",
        .operands = "[PAGE]",
        .operands_max = 1,
        .summary = "print a manual page, for man -l -",
        .details =
            "The pages are fxctl, fx.conf and fx-dispatcher; without a name it is fxctl. The\n"
            "source of the page is printed, so: fxctl man fx.conf | man -l -",
        .run = man,
    },
    {0},
};
