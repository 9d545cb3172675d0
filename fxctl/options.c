/* options - see options.h. */
#include "fxctl/options.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fxctl/help.h"
#include "fxctl/nearest.h"

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

static void offer_options(const struct option_rule *rules, struct nearest *nearest)
{
    for (; rules && rules->name; rules++) {
        struct buf say = BUF_INIT;
        buf_printf(&say, "--%s", rules->name);
        nearest_offer(nearest, span_str(rules->name), buf_span(&say));
        buf_done(&say);
    }
}

static int refuse_option(const struct fxctl *ctl, const char *word)
{
    struct buf near = BUF_INIT;
    const char *name = word + strspn(word, "-");
    struct nearest nearest = nearest_to(span_of(name, strcspn(name, "=")));
    offer_options(ctl->command ? ctl->command->options : NULL, &nearest);
    offer_options(command_global, &nearest);
    nearest_add(&nearest, &near);
    int status = help_usage(ctl, "there is no option %s%s%s", word,
        ctl->command ? "" : " here; the options of a command stand behind it", buf_text(&near));
    buf_done(&near);
    return status;
}

static int take_option(struct parse *parse, const char *word)
{
    struct fxctl *ctl = parse->ctl;
    if (strcmp(word, "-h") == 0)
        word = "--help";
    if (strcmp(word, "-f") == 0 && ctl->command &&
        command_find_option(ctl->command->options, "follow", strlen("follow")) >= 0)
        word = "--follow";
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
        return refuse_option(ctl, word);
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

/* Appends "key create, key list, key revoke"; without a noun the first words of all commands. */
static void name_commands(const struct command *const *groups, const char *noun, struct buf *out)
{
    const char *comma = "";
    for (const struct command *const *group = groups; *group; group++)
        for (const struct command *c = *group; c->name; c++) {
            if (!command_is_of(c, noun) || (!*noun && command_begins_again(groups, c)))
                continue;
            size_t len = *noun ? strlen(c->name) : strcspn(c->name, " ");
            buf_printf(out, "%s%.*s", comma, (int)len, c->name);
            comma = ", ";
        }
}

/* Offers the commands of a noun, or all, by their first word, by their second, and whole. */
static void offer_commands(const struct parse *parse, struct nearest *nearest)
{
    const char *noun = parse->ctl->noun;
    for (const struct command *const *groups = parse->groups; *groups; groups++)
        for (const struct command *c = *groups; c->name; c++) {
            size_t first = strcspn(c->name, " ");
            const char *second = c->name[first] ? c->name + first + 1 : "";
            if (!command_is_of(c, noun))
                continue;
            if (!*noun)
                nearest_offer(nearest, span_of(c->name, first), span_of(c->name, first));
            nearest_offer(nearest, span_str(second), span_str(c->name));
            nearest_offer(nearest, span_str(c->name), span_str(c->name));
        }
    if (!*noun)
        offer_options(command_global, nearest);
}

/* Offers the commands that begin with a noun whole. */
static void offer_whole(const struct parse *parse, struct nearest *nearest)
{
    for (const struct command *const *groups = parse->groups; *groups; groups++)
        for (const struct command *c = *groups; c->name && !*parse->ctl->noun; c++)
            if (strchr(c->name, ' '))
                nearest_offer(nearest, span_str(c->name), span_str(c->name));
}

/* Appends what may be meant by a word, or by that and the next one together. */
static void add_meant(const struct parse *parse, const char *word, struct buf *out)
{
    const char *next = parse->at + 1 < parse->argc ? parse->argv[parse->at + 1] : "";
    struct buf both = BUF_INIT;
    buf_printf(&both, "%s %s", word, next);
    struct nearest nearest = nearest_to(buf_span(&both)), alone = nearest_to(span_str(word));
    if (*next)
        offer_whole(parse, &nearest);
    offer_commands(parse, &alone);
    nearest_add(nearest.count ? &nearest : &alone, out);
    buf_done(&both);
}

static int refuse_command(const struct parse *parse, const char *word)
{
    struct buf near = BUF_INIT;
    const char *noun = parse->ctl->noun;
    add_meant(parse, word, &near);
    if (!near.len) {
        buf_add_str(&near, *noun ? "; the commands are " : "; commands begin with ");
        name_commands(parse->groups, noun, &near);
    }
    int status = help_usage(parse->ctl, "there is no command \"%s%s%s\"%s", noun, *noun ? " " : "",
        word, buf_text(&near));
    buf_done(&near);
    return status;
}

static int ask_for_command(const struct parse *parse)
{
    struct buf names = BUF_INIT;
    name_commands(parse->groups, parse->ctl->noun, &names);
    int status =
        help_usage(parse->ctl, "%s: which command? %s", parse->ctl->noun, buf_text(&names));
    buf_done(&names);
    return status;
}

/*
 * Is the word "help" a question rather than an argument? Where a command is expected it is, and
 * behind a whole command as its first word, unless that takes a name, which may well be "help".
 */
static bool asks_for_help(const struct parse *parse, const char *word)
{
    const struct fxctl *ctl = parse->ctl;
    if (parse->words_only || strcmp(word, "help") != 0)
        return false;
    return !ctl->command || (!ctl->operand_count && !command_takes_name(ctl->command));
}

static int take_word(struct parse *parse, const char *word)
{
    struct fxctl *ctl = parse->ctl;
    if (asks_for_help(parse, word)) {
        ctl->help = true;
        return EXIT_DONE;
    }
    if (ctl->command) {
        if (ctl->operand_count == ctl->command->operands_max)
            return help_usage(ctl, "\"%s\" is more than the command takes", word);
        assert(ctl->operand_count < OPERANDS_MAX);
        ctl->operands[ctl->operand_count++] = word;
        return EXIT_DONE;
    }
    ctl->command = command_find(parse->groups, ctl->noun, word);
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
        return *ctl->noun ? ask_for_command(parse) : help_usage(ctl, "which command?");
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
    *ret_ctl = (struct fxctl){.groups = groups};
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
