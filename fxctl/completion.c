/*
 * completion - the words that a shell may put at the end of a command line. Each shell has a
 * small script that asks for them while somebody types; they come from the tables of commands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fxctl/fxctl.h"
#include "fxctl/help.h"

/* in completion_script.S */
extern const char completion_bash[], completion_zsh[], completion_fish[];

static const struct shell {
    const char *name, *script;
    char before_summary; /* what parts a word from what is said of it; 0: nothing is said */
} shells[] = {
    {"bash", completion_bash, 0},
    {"zsh", completion_zsh, ':'},
    {"fish", completion_fish, '\t'},
};

/* A line that is being typed, and the words that may stand at its end. */
struct line {
    const struct fxctl *ctl;
    const struct shell *shell;
    const char *word;              /* the beginning of the word at the end */
    const char *noun;              /* the first word of a command whose second is missing; or "" */
    const struct command *command; /* NULL: none is there yet */
    bool wants_value;              /* the word before is an option that a value stands behind */
    struct buf found;
};

/* Adds a word where it goes on with what is typed: `dashes`, and so many bytes of `word`. */
static void offer(
    struct line *line, const char *dashes, const char *word, size_t len, const char *summary)
{
    struct buf whole = BUF_INIT;
    buf_printf(&whole, "%s%.*s", dashes, (int)len, word);
    if (span_starts(buf_span(&whole), span_str(line->word))) {
        buf_add_span(&line->found, buf_span(&whole));
        if (line->shell->before_summary)
            buf_add_char(&line->found, line->shell->before_summary);
        for (; line->shell->before_summary && *summary; summary++)
            buf_add_char(&line->found, (char)(*summary == '\n' ? ' ' : *summary));
        buf_add_char(&line->found, '\n');
    }
    buf_done(&whole);
}

static void offer_options(struct line *line, const struct option_rule *rules)
{
    for (; rules && rules->name; rules++)
        offer(line, "--", rules->name, strlen(rules->name), rules->summary);
}

/* The first words of all commands, or the second words of a noun's. */
static void offer_commands(struct line *line)
{
    for (const struct command *const *group = line->ctl->groups; *group; group++)
        for (const struct command *c = *group; c->name; c++) {
            size_t first = strcspn(c->name, " ");
            if (!command_is_of(c, line->noun))
                continue;
            if (*line->noun)
                offer(line, "", c->name + first + 1, strlen(c->name + first + 1), c->summary);
            else if (!command_begins_again(line->ctl->groups, c))
                offer(line, "", c->name, first, c->name[first] ? "" : c->summary);
        }
}

static bool takes_value(const struct line *line, const char *option)
{
    const struct option_rule *tables[] = {
        line->command ? line->command->options : NULL, command_global};
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        int i = tables[t] ? command_find_option(tables[t], option, strlen(option)) : -1;
        if (i >= 0)
            return tables[t][i].value && tables[t][i].need != OPTION_BARE;
    }
    return false;
}

/* Takes in a word that more stands behind. */
static void take_word(struct line *line, const char *word)
{
    bool is_value = line->wants_value;
    line->wants_value = strncmp(word, "--", 2) == 0 && !is_value && takes_value(line, word + 2);
    if (*word == '-' || is_value || line->command || strcmp(word, "help") == 0)
        return;
    line->command = command_find(line->ctl->groups, line->noun, word);
    if (!line->command)
        line->noun = word;
}

/* Reads the line as far as it goes. Blanks part its words: those within quotes do no harm. */
static void read_line(struct line *line, char *text)
{
    (void)strsep(&text, " \t"); /* fxctl itself */
    line->word = text ? strsep(&text, " \t") : "";
    while (text) {
        if (*line->word)
            take_word(line, line->word);
        line->word = strsep(&text, " \t");
    }
}

static void print_words(const struct fxctl *ctl, const struct shell *shell, const char *given)
{
    char *text = mem_strdup(given);
    struct line line = {.ctl = ctl, .shell = shell, .noun = ""};
    read_line(&line, text);
    if (line.wants_value) {
        /* A file perhaps, which the shell knows. */
    } else if (*line.word == '-') {
        offer_options(&line, line.command ? line.command->options : NULL);
        offer_options(&line, command_global);
    } else if (!line.command) {
        offer_commands(&line);
    }
    fxctl_print(&line.found);
    buf_done(&line.found);
    free(text);
}

static int completion(struct fxctl *ctl)
{
    const char *line = fxctl_option(ctl, "line");
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(ctl->operands[0], shells[i].name) != 0)
            continue;
        if (line)
            print_words(ctl, &shells[i], line);
        else
            fputs(shells[i].script, stdout);
        return EXIT_DONE;
    }
    return help_usage(ctl, "%s is no shell that is known: bash, zsh or fish", ctl->operands[0]);
}

static const struct option_rule completion_options[] = {
    {"line", "TEXT", OPTION_FREE, "what may stand at the end of this line; the script asks so"},
    {0},
};

const struct command completion_commands[] = {
    {
        .name = "completion",
        .operands = "bash|zsh|fish",
        .operands_min = 1,
        .operands_max = 1,
        .options = completion_options,
        .summary = "print what makes a shell complete command lines of fxctl",
        .details = "For the shell at hand: source <(fxctl completion bash), likewise with zsh, or\n"
                   "fxctl completion fish | source. To have it in every shell, put that line into\n"
                   "~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish.",
        .run = completion,
    },
    {0},
};
