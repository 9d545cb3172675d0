/* help - see help.h. */
#include "fxctl/help.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "fxctl/text.h"

#define NAME_COLUMN 20 /* where summaries begin, two spaces in */
#define USAGE_WIDTH 78 /* usage lines that grow longer are broken */

static void add_option(const struct option_rule *rule, struct buf *out)
{
    buf_printf(out, "--%s", rule->name);
    if (rule->value)
        buf_printf(out, rule->need == OPTION_BARE ? " [%s]" : " %s", rule->value);
}

/* Adds an option as usage shows it, on a new line where the present one gets too long. */
static void add_option_usage(const struct option_rule *rule, size_t *line_start, struct buf *out)
{
    bool required = rule->need == OPTION_REQUIRED;
    struct buf text = BUF_INIT;
    buf_add_str(&text, required ? "" : "[");
    add_option(rule, &text);
    buf_add_str(&text, required ? "" : "]");
    buf_add_str(&text, rule->need == OPTION_MANY ? "..." : "");
    bool fits = out->len - *line_start + text.len < USAGE_WIDTH;
    if (!fits)
        *line_start = out->len + 1;
    buf_printf(out, "%s%s", fits ? " " : "\n           ", buf_text(&text));
    buf_done(&text);
}

/* Appends "fxctl key create --name NAME ...", without a line end. NULL: of fxctl itself. */
static void add_usage(const struct command *command, struct buf *out)
{
    if (!command) {
        buf_add_str(out, "fxctl [--home DIR] [--json] COMMAND ...");
        return;
    }
    size_t line_start = out->len;
    buf_printf(out, "fxctl %s", command->name);
    const struct option_rule *rule = command->options;
    for (; rule && rule->name; rule++)
        if (rule->need == OPTION_REQUIRED)
            add_option_usage(rule, &line_start, out);
    if (command->operands)
        buf_printf(out, " %s", command->operands);
    for (rule = command->options; rule && rule->name; rule++)
        if (rule->need != OPTION_REQUIRED)
            add_option_usage(rule, &line_start, out);
}

int help_usage(const struct fxctl *ctl, const char *format, ...)
{
    const char *name = ctl->command ? ctl->command->name : "";
    struct buf text = BUF_INIT, what = BUF_INIT;
    va_list args;
    buf_printf(&text, "fxctl: %s%s", name, *name ? ": " : "");
    va_start(args, format);
    buf_vprintf(&what, format, args);
    va_end(args);
    text_add_line(buf_span(&what), &text); /* it may quote what was typed or pasted */
    buf_done(&what);
    buf_add_str(&text, "\nusage: ");
    add_usage(ctl->command, &text);
    buf_printf(&text, "\nMore with: fxctl %s%s--help", name, *name ? " " : "");
    fxctl_say("%s", buf_text(&text));
    buf_done(&text);
    return EXIT_USAGE;
}

/* Adds a line of two columns. A name that is too long for the first has a line of its own. */
static void add_entry(const char *name, const char *summary, struct buf *out)
{
    int width = (int)strlen(name);
    buf_printf(out, "  %s", name);
    if (width > NAME_COLUMN - 2) {
        buf_add_char(out, '\n');
        width = -2;
    }
    buf_printf(out, "%*s", NAME_COLUMN - width, "");
    for (; *summary; summary++) {
        buf_add_char(out, *summary);
        if (*summary == '\n')
            buf_printf(out, "%*s", NAME_COLUMN + 2, "");
    }
    buf_add_char(out, '\n');
}

/* Adds the options of a table, but not those that `hidden` has as well. */
static void add_options(
    const struct option_rule *rules, const struct option_rule *hidden, struct buf *out)
{
    for (; rules && rules->name; rules++) {
        if (command_find_option(hidden, rules->name, strlen(rules->name)) >= 0)
            continue;
        struct buf name = BUF_INIT;
        add_option(rules, &name);
        add_entry(buf_text(&name), rules->summary, out);
        buf_done(&name);
    }
}

static void add_command_help(const struct command *command, struct buf *out)
{
    buf_add_str(out, "usage: ");
    add_usage(command, out);
    buf_printf(
        out, "\n\n%c%s.\n", toupper((unsigned char)command->summary[0]), command->summary + 1);
    if (command->details)
        buf_printf(out, "\n%s\n", command->details);
    if (command->options) {
        buf_add_str(out, "\nOptions:\n");
        add_options(command->options, NULL, out);
    }
}

/* Adds all commands, or those of a noun. */
static void add_overview(const struct command *const *groups, const char *noun, struct buf *out)
{
    buf_add_str(out, "usage: fxctl [--home DIR] [--json] ");
    buf_printf(out, "%s%sCOMMAND ...\n\n", noun, *noun ? " " : "");
    if (!*noun)
        buf_add_str(out,
            "The command line of FX Bridge. It works on the files of a home directly, so it\n"
            "needs no web server and no token.\n\n");
    buf_add_str(out, "Commands:\n");
    for (; *groups; groups++)
        for (const struct command *c = *groups; c->name; c++)
            if (command_is_of(c, noun))
                add_entry(c->name, c->summary, out);
    buf_add_str(out, "\n\"fxctl COMMAND --help\", or \"fxctl help COMMAND\", tells about one.\n");
}

void help_print(const struct command *const *groups, const struct fxctl *ctl)
{
    struct buf text = BUF_INIT;
    if (ctl->command)
        add_command_help(ctl->command, &text);
    else
        add_overview(groups, ctl->noun, &text);
    buf_add_str(&text, "\nOptions of every command:\n");
    add_options(command_global, ctl->command ? ctl->command->options : NULL, &text);
    if (!ctl->command)
        buf_add_str(&text,
            "\nExit status: 0 done, 1 said no, 2 the command line is wrong, 111 try again.\n");
    fxctl_print(&text);
    buf_done(&text);
}
