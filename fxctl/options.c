/* options - see options.h. */
#include "fxctl/options.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fxctl/help.h"

/* What is known while the words are read one after another. */
struct parse {
    const struct command *const *groups;
    struct fxctl *ctl;
    char **argv;
    int argc, at;
    bool words_only; /* "--" was met */
};

static bool is_number(const char *text)
{
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return false;
    (void)strtod(text, &end);
    return !*end;
}

/*
 * The value of the option at hand: what is behind "=", or the next word. NULL when an option
 * that needs a value has none. A word that looks like an option is a value only behind "=".
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
    const struct option_rule *rule = &command_global[i];
    if (behind && !rule->value)
        return help_usage(ctl, "--%s takes no value", rule->name);
    if (strcmp(rule->name, "json") == 0) {
        ctl->json = true;
    } else if (strcmp(rule->name, "help") == 0) {
        ctl->help = true;
    } else if (strcmp(rule->name, "version") == 0) {
        ctl->version = true;
    } else {
        if (ctl->home_given)
            return help_usage(ctl, "--home is given twice");
        ctl->home_given = take_value(parse, rule, behind);
        if (!ctl->home_given || !*ctl->home_given)
            return help_usage(ctl, "--home needs a directory");
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
    /* The command's own options come first: "pipeline show --version" is about the pipeline. */
    int i = is_long ? command_find_option(rules, name, len) : -1;
    int global = is_long && i < 0 ? command_find_option(command_global, name, len) : -1;
    if (global >= 0)
        return set_global(parse, global, behind);
    if (i < 0)
        return help_usage(ctl, "there is no option %s%s", word,
            ctl->command ? "" : " here; the options of a command stand behind it");
    assert(rules && i < OPTIONS_MAX);
    bool many = rules[i].need == OPTION_MANY;
    if (ctl->values[i] && !many)
        return help_usage(ctl, "--%s is given twice", rules[i].name);
    if (many && ctl->many_count == MANY_MAX)
        return help_usage(ctl, "--%s is given more than %d times", rules[i].name, MANY_MAX);
    if (!rules[i].value && behind)
        return help_usage(ctl, "--%s takes no value", rules[i].name);
    ctl->values[i] = rules[i].value ? take_value(parse, &rules[i], behind) : "";
    if (!ctl->values[i])
        return help_usage(ctl, "--%s needs a value: %s", rules[i].name, rules[i].summary);
    if (many)
        ctl->many[ctl->many_count++] = ctl->values[i];
    return EXIT_DONE;
}

/* Does the word begin commands of two words ("key")? */
static bool is_noun(const struct command *const *groups, const char *word)
{
    for (; *word && *groups; groups++)
        for (const struct command *c = *groups; c->name; c++)
            if (command_is_of(c, word))
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
    for (const char *comma = ""; *groups; groups++)
        for (const struct command *c = *groups; c->name; c++)
            if (command_is_of(c, noun)) {
                buf_printf(out, "%s%s", comma, c->name);
                comma = ", ";
            }
}

static int refuse_command(const struct parse *parse, const char *word)
{
    struct buf names = BUF_INIT;
    const char *noun = parse->ctl->noun;
    name_commands(parse->groups, noun, &names);
    int status = word
                     ? help_usage(parse->ctl, "there is no command \"%s%s%s\"; the commands are %s",
                           noun, *noun ? " " : "", word, buf_text(&names))
                     : help_usage(parse->ctl, "%s: which command? %s", noun, buf_text(&names));
    buf_done(&names);
    return status;
}

static int take_word(struct parse *parse, const char *word)
{
    struct fxctl *ctl = parse->ctl;
    if (ctl->command) {
        if (ctl->operand_count == ctl->command->operands_max)
            return help_usage(ctl, "\"%s\" is more than the command takes", word);
        assert(ctl->operand_count < OPERANDS_MAX);
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

/* Was everything given that the command needs? */
static int check_complete(const struct parse *parse)
{
    const struct fxctl *ctl = parse->ctl;
    if (ctl->help || ctl->version)
        return EXIT_DONE;
    if (!ctl->command)
        return *ctl->noun ? refuse_command(parse, NULL) : help_usage(ctl, "which command?");
    for (int i = 0; ctl->command->options && ctl->command->options[i].name; i++)
        if (ctl->command->options[i].need == OPTION_REQUIRED && !ctl->values[i])
            return help_usage(ctl, "--%s is missing: %s", ctl->command->options[i].name,
                ctl->command->options[i].summary);
    if (ctl->operand_count < ctl->command->operands_min)
        return help_usage(ctl, "%s is missing", ctl->command->operands);
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
