/* options - see options.h. */
#include "fxctl/options.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_COLUMN 20 /* where summaries begin in help, two spaces in */
#define USAGE_WIDTH 78 /* usage lines that grow longer are broken */

static const struct option_rule global_options[] = {
    {"home", "DIR", OPTION_FREE,
        "the home to work on; else FX_HOME, else the one installed beside\n"
        "fxctl, else ~/.fxbridge"},
    {"json", NULL, OPTION_FREE, "answer in JSON, for programs"},
    {"help", NULL, OPTION_FREE, "show help, also behind a command"},
    {"version", NULL, OPTION_FREE, "show the version"},
    {0},
};

/* What is known while the words are read one after another. */
struct parse {
    const struct command *const *groups;
    struct fxctl *ctl;
    char **argv;
    int argc, at;
    bool words_only; /* "--" was met */
};

static int refuse(const struct fxctl *ctl, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse_args(const struct fxctl *ctl, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static int refuse_args(const struct fxctl *ctl, const char *format, va_list args)
{
    struct buf text = BUF_INIT;
    buf_add_str(&text, "fxctl: ");
    if (ctl->command)
        buf_printf(&text, "%s: ", ctl->command->name);
    buf_vprintf(&text, format, args);
    buf_add_str(&text, "\nusage: ");
    options_usage(ctl->command, &text);
    buf_printf(&text, "\nMore with: fxctl %s%s--help", ctl->command ? ctl->command->name : "",
        ctl->command ? " " : "");
    fxctl_say("%s", buf_text(&text));
    buf_done(&text);
    return EXIT_USAGE;
}

static int refuse(const struct fxctl *ctl, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int status = refuse_args(ctl, format, args);
    va_end(args);
    return status;
}

int fxctl_usage(const struct fxctl *ctl, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int status = refuse_args(ctl, format, args);
    va_end(args);
    return status;
}

/* The place of an option in its table, or -1. */
static int find_option(const struct option_rule *rules, const char *name, size_t len)
{
    for (int i = 0; rules && rules[i].name; i++)
        if (strlen(rules[i].name) == len && memcmp(rules[i].name, name, len) == 0)
            return i;
    return -1;
}

const char *fxctl_option(const struct fxctl *ctl, const char *name)
{
    int i = find_option(ctl->command->options, name, strlen(name));
    assert(i >= 0);
    return ctl->values[i];
}

static bool is_number(const char *text)
{
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return false;
    (void)strtod(text, &end);
    return !*end;
}

/*
 * The value of the option at hand: behind "=", or the next word. NULL when it has
 * none though it needs one. Another option is not a value; whoever means it so
 * writes "=".
 */
static const char *take_value(
    struct parse *parse, const struct option_rule *rule, const char *behind)
{
    const char *next = parse->at + 1 < parse->argc ? parse->argv[parse->at + 1] : NULL;
    if (behind)
        return behind;
    if (rule->need == OPTION_BARE && !(next && is_number(next)))
        return "";
    if (!next || strncmp(next, "--", 2) == 0)
        return NULL;
    parse->at++;
    return next;
}

static int set_global(struct parse *parse, int i, const char *behind)
{
    struct fxctl *ctl = parse->ctl;
    const struct option_rule *rule = &global_options[i];
    if (behind && !rule->value)
        return refuse(ctl, "--%s takes no value", rule->name);
    if (strcmp(rule->name, "json") == 0) {
        ctl->json = true;
    } else if (strcmp(rule->name, "help") == 0) {
        ctl->help = true;
    } else if (strcmp(rule->name, "version") == 0) {
        ctl->version = true;
    } else {
        if (ctl->home_given)
            return refuse(ctl, "--home is given twice");
        ctl->home_given = take_value(parse, rule, behind);
        if (!ctl->home_given || !*ctl->home_given)
            return refuse(ctl, "--home needs a directory");
    }
    return EXIT_DONE;
}

static int take_option(struct parse *parse, const char *word)
{
    struct fxctl *ctl = parse->ctl;
    if (strcmp(word, "-h") == 0)
        word = "--help";
    const char *name = word + 2;
    size_t len = strcspn(name, "=");
    const char *behind = name[len] ? name + len + 1 : NULL;
    const struct option_rule *rules = ctl->command ? ctl->command->options : NULL;
    bool is_long = strncmp(word, "--", 2) == 0;
    /* A command's own option counts first: --version is a version of a pipeline behind its
     * commands. */
    int i = is_long ? find_option(rules, name, len) : -1;
    int global = is_long && i < 0 ? find_option(global_options, name, len) : -1;
    if (global >= 0)
        return set_global(parse, global, behind);
    if (i < 0)
        return refuse(ctl, "there is no option %s%s", word,
            ctl->command ? "" : " here; the options of a command stand behind it");
    if (ctl->values[i])
        return refuse(ctl, "--%s is given twice", rules[i].name);
    if (!rules[i].value && behind)
        return refuse(ctl, "--%s takes no value", rules[i].name);
    ctl->values[i] = rules[i].value ? take_value(parse, &rules[i], behind) : "";
    if (!ctl->values[i])
        return refuse(ctl, "--%s needs a value: %s", rules[i].name, rules[i].summary);
    return EXIT_DONE;
}

/* Is the word a noun ("key") whose commands have a second word? */
static bool is_noun(const struct command *const *groups, const char *word)
{
    size_t len = strlen(word);
    for (; *groups; groups++)
        for (const struct command *c = *groups; c->name; c++)
            if (strncmp(c->name, word, len) == 0 && c->name[len] == ' ')
                return true;
    return false;
}

static const struct command *find_command(
    const struct command *const *groups, const char *noun, const char *word)
{
    char name[64];
    if (snprintf(name, sizeof name, "%s%s%s", noun, *noun ? " " : "", word) >= (int)sizeof name)
        return NULL;
    for (; *groups; groups++)
        for (const struct command *c = *groups; c->name; c++)
            if (strcmp(c->name, name) == 0)
                return c;
    return NULL;
}

/* Appends "key create, key list, key revoke", or all commands. */
static void name_commands(const struct command *const *groups, const char *noun, struct buf *out)
{
    size_t len = strlen(noun);
    for (const char *comma = ""; *groups; groups++)
        for (const struct command *c = *groups; c->name; c++)
            if (!len || (strncmp(c->name, noun, len) == 0 && c->name[len] == ' ')) {
                buf_printf(out, "%s%s", comma, c->name);
                comma = ", ";
            }
}

static int refuse_command(const struct parse *parse, const char *word)
{
    struct buf names = BUF_INIT;
    const char *noun = parse->ctl->noun;
    name_commands(parse->groups, noun, &names);
    int status = word ? refuse(parse->ctl, "there is no command \"%s%s%s\"; the commands are %s",
                            noun, *noun ? " " : "", word, buf_text(&names))
                      : refuse(parse->ctl, "%s: which command? %s", noun, buf_text(&names));
    buf_done(&names);
    return status;
}

static int take_word(struct parse *parse, const char *word)
{
    struct fxctl *ctl = parse->ctl;
    if (ctl->command) {
        if (ctl->operand_count == ctl->command->operands_max)
            return refuse(ctl, "\"%s\" is more than it takes", word);
        ctl->operands[ctl->operand_count++] = word;
        return EXIT_DONE;
    }
    ctl->command = find_command(parse->groups, ctl->noun, word);
    if (ctl->command)
        return EXIT_DONE;
    if (*ctl->noun || !is_noun(parse->groups, word) || strlen(word) >= sizeof ctl->noun)
        return refuse_command(parse, word);
    snprintf(ctl->noun, sizeof ctl->noun, "%s", word);
    return EXIT_DONE;
}

/* Is all there that the command needs? */
static int check_complete(const struct parse *parse)
{
    const struct fxctl *ctl = parse->ctl;
    if (ctl->help || ctl->version)
        return EXIT_DONE;
    if (!ctl->command)
        return *ctl->noun ? refuse_command(parse, NULL) : refuse(ctl, "which command?");
    for (int i = 0; ctl->command->options && ctl->command->options[i].name; i++)
        if (ctl->command->options[i].need == OPTION_REQUIRED && !ctl->values[i])
            return refuse(ctl, "--%s is missing: %s", ctl->command->options[i].name,
                ctl->command->options[i].summary);
    if (ctl->operand_count < ctl->command->operands_min)
        return refuse(ctl, "%s is missing", ctl->command->operands);
    return EXIT_DONE;
}

int options_parse(const struct command *const *groups, int argc, char **argv, struct fxctl *ret_ctl)
{
    struct parse parse = {.groups = groups, .ctl = ret_ctl, .argv = argv, .argc = argc, .at = 1};
    *ret_ctl = (struct fxctl){0};
    for (; parse.at < argc; parse.at++) {
        const char *word = argv[parse.at];
        int status = EXIT_DONE;
        if (!parse.words_only && strcmp(word, "--") == 0)
            parse.words_only = true;
        else if (!parse.words_only && word[0] == '-' && word[1])
            status = take_option(&parse, word);
        else
            status = take_word(&parse, word);
        if (status)
            return status;
    }
    return check_complete(&parse);
}

/* Help. */

static void add_option(const struct option_rule *rule, struct buf *out)
{
    buf_printf(out, "--%s", rule->name);
    if (rule->value)
        buf_printf(out, rule->need == OPTION_BARE ? " [%s]" : " %s", rule->value);
}

/* An option as usage shows it, on a line of its own where this one gets too long. */
static void add_usage(const struct option_rule *rule, size_t *line_start, struct buf *out)
{
    bool required = rule->need == OPTION_REQUIRED;
    struct buf text = BUF_INIT;
    buf_add_str(&text, required ? "" : "[");
    add_option(rule, &text);
    buf_add_str(&text, required ? "" : "]");
    bool fits = out->len - *line_start + text.len < USAGE_WIDTH;
    if (!fits)
        *line_start = out->len + 1;
    buf_printf(out, "%s%s", fits ? " " : "\n           ", buf_text(&text));
    buf_done(&text);
}

void options_usage(const struct command *command, struct buf *out)
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
            add_usage(rule, &line_start, out);
    if (command->operands)
        buf_printf(out, " %s", command->operands);
    for (rule = command->options; rule && rule->name; rule++)
        if (rule->need != OPTION_REQUIRED)
            add_usage(rule, &line_start, out);
}

/* Two columns; what is too long for the first gets a line of its own. */
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

/* The options of a table, without those that `hidden` has as well. */
static void add_options(
    const struct option_rule *rules, const struct option_rule *hidden, struct buf *out)
{
    for (; rules && rules->name; rules++) {
        if (find_option(hidden, rules->name, strlen(rules->name)) >= 0)
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
    options_usage(command, out);
    buf_printf(
        out, "\n\n%c%s.\n", toupper((unsigned char)command->summary[0]), command->summary + 1);
    if (command->details)
        buf_printf(out, "\n%s\n", command->details);
    if (command->options) {
        buf_add_str(out, "\nOptions:\n");
        add_options(command->options, NULL, out);
    }
}

/* All commands, or those of a noun. */
static void add_overview(const struct command *const *groups, const char *noun, struct buf *out)
{
    size_t len = strlen(noun);
    buf_add_str(out, "usage: fxctl [--home DIR] [--json] ");
    buf_printf(out, "%s%sCOMMAND ...\n\n", noun, *noun ? " " : "");
    if (!*noun)
        buf_add_str(out,
            "The command line of FX Bridge. It works on the files of a home directly, so it\n"
            "needs no web server and no token.\n\n");
    buf_add_str(out, "Commands:\n");
    for (; *groups; groups++)
        for (const struct command *c = *groups; c->name; c++)
            if (!len || (strncmp(c->name, noun, len) == 0 && c->name[len] == ' '))
                add_entry(c->name, c->summary, out);
    buf_printf(out, "\n\"fxctl COMMAND --help\" tells about one of them.\n");
}

void options_help(const struct command *const *groups, const struct fxctl *ctl)
{
    struct buf text = BUF_INIT;
    if (ctl->command)
        add_command_help(ctl->command, &text);
    else
        add_overview(groups, ctl->noun, &text);
    buf_add_str(&text, "\nOptions of every command:\n");
    add_options(global_options, ctl->command ? ctl->command->options : NULL, &text);
    if (!ctl->command)
        buf_add_str(&text,
            "\nExit status: 0 done, 1 said no, 2 the command line is wrong, 111 try again.\n");
    fxctl_print(&text);
    buf_done(&text);
}
