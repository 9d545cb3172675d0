/* command - see command.h. */
#include "fxctl/command.h"

#include <stdio.h>
#include <string.h>

const struct option_rule command_global[] = {
    {"home", "DIR", OPTION_FREE,
        "the home to work on; else FX_HOME, else the one installed beside\n"
        "fxctl, else ~/.fxbridge, else the one named in /etc/fxbridge/home"},
    {"json", NULL, OPTION_FREE, "answer in JSON, for programs"},
    {"help", NULL, OPTION_FREE, "show help, also behind a command"},
    {"version", NULL, OPTION_FREE, "show the version"},
    {0},
};

int command_find_option(const struct option_rule *rules, const char *name, size_t len)
{
    for (int i = 0; rules && rules[i].name; i++)
        if (strlen(rules[i].name) == len && memcmp(rules[i].name, name, len) == 0)
            return i;
    return -1;
}

bool command_is_of(const struct command *command, const char *noun)
{
    size_t len = strlen(noun);
    return !len || (strncmp(command->name, noun, len) == 0 && command->name[len] == ' ');
}

bool command_takes_name(const struct command *command)
{
    return command->operands && strstr(command->operands, "NAME");
}

const struct command *command_find(
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

bool command_begins_again(const struct command *const *groups, const struct command *command)
{
    size_t len = strcspn(command->name, " ");
    for (; *groups; groups++)
        for (const struct command *c = *groups; c->name; c++) {
            if (c == command)
                return false;
            if (strncmp(c->name, command->name, len) == 0 && strcspn(c->name, " ") == len)
                return true;
        }
    return false;
}
