/* config - see config.h. */
#include "home/config.h"

#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/names.h"
#include "base/url.h"
#include "base/utf8.h"

static config_check check_names, check_path, check_paths, check_url, check_word;

static const struct config_setting settings[] = {
#define PLACE(section, key) offsetof(struct config, section##_##key)
#define SETTING(section, key, value, min, max, sentence) \
    {#section, #key, NULL, value, min, max, PLACE(section, key), sentence, NULL, NULL},
#define TEXT(section, key, value, bytes, sentence, check) \
    {#section, #key, value, 0, 0, bytes, PLACE(section, key), sentence, check, NULL},
#define SETTING_TEXT(section, key, value, bytes, sentence) \
    TEXT(section, key, value, bytes, sentence, NULL)
#define SETTING_NAMES(section, key, value, bytes, sentence) \
    TEXT(section, key, value, bytes, sentence, check_names)
#define SETTING_PATH(section, key, value, bytes, sentence) \
    TEXT(section, key, value, bytes, sentence, check_path)
#define SETTING_PATHS(section, key, value, bytes, sentence) \
    TEXT(section, key, value, bytes, sentence, check_paths)
#define SETTING_URL(section, key, value, bytes, sentence) \
    TEXT(section, key, value, bytes, sentence, check_url)
#define SETTING_WORD(section, key, value, words, sentence) \
    {#section, #key, value, 0, 0, CONFIG_WORD - 1, PLACE(section, key), sentence, check_word, \
        words},
    CONFIG_SETTINGS(SETTING, SETTING_TEXT, SETTING_NAMES, SETTING_PATH, SETTING_PATHS, SETTING_URL,
        SETTING_WORD)
#undef PLACE
#undef SETTING
#undef TEXT
#undef SETTING_TEXT
#undef SETTING_NAMES
#undef SETTING_PATH
#undef SETTING_PATHS
#undef SETTING_URL
#undef SETTING_WORD
};

#define SETTINGS (sizeof settings / sizeof settings[0])

static int64_t *number_in(const struct config_setting *s, struct config *config)
{
    return (int64_t *)((char *)config + s->offset);
}

static char *text_in(const struct config_setting *s, struct config *config)
{
    return (char *)config + s->offset;
}

void config_defaults(struct config *config)
{
    memset(config, 0, sizeof *config);
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct config_setting *s = &settings[i];
        if (s->text)
            memcpy(text_in(s, config), s->text, strlen(s->text));
        else
            *number_in(s, config) = s->value;
    }
}

struct reading {
    FILE *file;
    int line;
    struct config *config;
    struct buf *why;                   /* the first fault that libinih does not find itself */
    int fault_line;                    /* the line of that fault; 0: none */
    bool indented;                     /* the line at hand is, and may go on with a text */
    const struct config_setting *last; /* the setting before, in the same section */
    const char *section, *key;         /* of the setting whose line is looked for */
    int found_line;                    /* its last line so far */
};

static int fault(struct reading *r)
{
    r->fault_line = r->line;
    return 0;
}

static bool is_comment(const char *line)
{
    line += strspn(line, " \t");
    return *line == '#' || *line == ';';
}

/* What keeps a line from being read, if anything; the first fault of the file is kept. */
static void judge_line(struct reading *r, char *line, size_t len, size_t dropped)
{
    bool is_text = !memchr(line, 0, len) && utf8_is((const uint8_t *)line, len);
    const char *what = dropped ? "is too long" : is_text ? NULL : "is no text in UTF-8";
    if (!what || is_comment(line))
        return;
    if (!r->why->len) {
        buf_add_str(r->why, what);
        fault(r);
    }
    *line = 0;
}

/*
 * Reads one line, as fgets. libinih would take the end of a line that is longer than
 * its buffer for another line, and find settings there.
 */
static char *read_line(char *line, int room, void *context)
{
    struct reading *r = context;
    size_t len = 0, dropped = 0;
    int c = 0;
    while (c != '\n' && (c = getc(r->file)) != EOF)
        if (len + 1 < (size_t)room)
            line[len++] = (char)c;
        else
            dropped += c != '\n';
    line[len] = 0;
    if (!len)
        return NULL;
    r->line++;
    r->indented = *line == ' ' || *line == '\t';
    if (*line == '[')
        r->last = NULL;
    judge_line(r, line, len, dropped);
    return line;
}

static bool set_number(struct reading *r, const struct config_setting *s, const char *text)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < s->min || value > s->max) {
        buf_printf(r->why, "%s wants a whole number from %" PRId64 " to %" PRId64 "%s", s->key,
            s->min, s->max,
            end > text && *end ? ", without a unit or anything else behind it" : "");
        return false;
    }
    *number_in(s, r->config) = value;
    return true;
}

static bool is_one_of(const char *words, const char *text)
{
    size_t len = strlen(text);
    for (const char *at = words; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (len && strncmp(at, text, len) == 0 && strchr("|", at[len]))
            return true;
    }
    return false;
}

/*
 * The settings whose names are asked of requests. Servers hand "-" and "_" of a header's name on
 * as one character, so a name with "_" could stand for one that is never kept.
 */
static const struct asked {
    const char *key, *letters, *never;
} asked_names[] = {
    {"keep_headers", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-",
        KEEP_HEADERS_NEVER},
    {"keep_query", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._",
        KEEP_QUERY_NEVER},
};

static bool is_never_kept(const struct asked *asked, const char *name, size_t len)
{
    size_t n;
    const char *never = asked->never;
    for (never = names_next(never, &n); n; never = names_next(never + n, &n))
        if (n == len && strncasecmp(never, name, len) == 0)
            return true;
    return false;
}

/* Says what is wrong with one name. */
static bool check_asked_name(
    const struct asked *asked, const char *name, size_t len, struct buf *ret_why)
{
    if (strspn(name, asked->letters) < len)
        buf_printf(ret_why,
            "%s: \"%.*s\" is no such name; each is written out, of letters, digits and %s",
            asked->key, (int)len, name,
            strchr(asked->letters, '_') ? "\".\", \"_\", \"-\"" : "\"-\"");
    else if (len > KEEP_NAME_MAX)
        buf_printf(ret_why, "%s: \"%.*s\" has more than %d bytes", asked->key, (int)len, name,
            KEEP_NAME_MAX);
    else if (is_never_kept(asked, name, len))
        buf_printf(ret_why,
            "%s: \"%.*s\" may say who sends the request, and is never kept; take it out of the "
            "list",
            asked->key, (int)len, name);
    else
        return true;
    return false;
}

/* True for a setting whose names are not asked of requests. */
static bool check_asked(const struct config_setting *s, const char *list, struct buf *ret_why)
{
    const struct asked *asked = NULL;
    size_t len, count = 0;
    for (size_t i = 0; i < sizeof asked_names / sizeof asked_names[0]; i++)
        if (strcmp(s->key, asked_names[i].key) == 0)
            asked = &asked_names[i];
    for (list = names_next(list, &len); asked && len; list = names_next(list + len, &len)) {
        if (!check_asked_name(asked, list, len, ret_why))
            return false;
        if (++count > KEEP_NAMES_MAX) {
            buf_printf(ret_why, "%s has more than %d names", s->key, KEEP_NAMES_MAX);
            return false;
        }
    }
    return true;
}

static bool are_paths(const char *text)
{
    while (*text == '/') {
        text += strcspn(text, ":");
        if (!*text++)
            return true;
    }
    return false;
}

static bool check_word(const struct config_setting *s, const char *text, struct buf *ret_why)
{
    if (is_one_of(s->words, text))
        return true;
    buf_printf(ret_why, "%s wants one of %s", s->key, s->words);
    return false;
}

static bool check_names(const struct config_setting *s, const char *text, struct buf *ret_why)
{
    if (!check_asked(s, text, ret_why))
        return false;
    if (names_are_list(text))
        return true;
    buf_printf(ret_why,
        "%s wants names of letters, digits, \".\", \"_\" and \"-\" with blanks between them; a "
        "final * stands for any ending",
        s->key);
    return false;
}

static bool check_path(const struct config_setting *s, const char *text, struct buf *ret_why)
{
    if (!*text || *text == '/')
        return true;
    buf_printf(ret_why, "%s wants an absolute path", s->key);
    return false;
}

static bool check_paths(const struct config_setting *s, const char *text, struct buf *ret_why)
{
    if (are_paths(text))
        return true;
    buf_printf(ret_why, "%s wants absolute paths with \":\" between them", s->key);
    return false;
}

static bool check_url(const struct config_setting *s, const char *text, struct buf *ret_why)
{
    const char *fault = !*text ? NULL
                        : strpbrk(text, "?#")
                            ? "a path goes behind it, so it has no \"?\" and \"#\""
                            : url_fault(span_str(text));
    if (fault)
        buf_printf(ret_why, "%s: %s", s->key, fault);
    return !fault;
}

/* An indented line goes on with the text of the line before, with a space between them. */
static bool set_text(struct reading *r, const struct config_setting *s, const char *text)
{
    char *to = text_in(s, r->config);
    size_t max = (size_t)s->max, len = r->indented && r->last == s ? strlen(to) : 0;
    int n = snprintf(to + len, max + 1 - len, "%s%s", len ? " " : "", text);
    if (n >= 0 && (size_t)n <= max - len)
        return !s->check || s->check(s, to, r->why);
    if (s->words)
        buf_printf(r->why, "%s wants one of %s", s->key, s->words);
    else
        buf_printf(r->why, "%s has more than %zu bytes", s->key, max);
    return false;
}

/* libinih calls this for each line, and returns the number of the first that is answered with 0. */
static int take_line(void *context, const char *section, const char *key, const char *text)
{
    struct reading *r = context;
    const struct config_setting *s = NULL;
    for (size_t i = 0; i < SETTINGS && !s; i++)
        if (strcmp(settings[i].section, section) == 0 && strcmp(settings[i].key, key) == 0)
            s = &settings[i];
    if (r->why->len)
        return 0; /* the first fault is the one to report */
    if (!s) {
        if (*section)
            buf_printf(r->why, "there is no setting \"%s\" in [%s]", key, section);
        else
            buf_printf(r->why, "the setting \"%s\" stands before the first [section]", key);
        return fault(r);
    }
    bool good = s->text ? set_text(r, s, text) : set_number(r, s, text);
    r->last = s;
    return good ? 1 : fault(r);
}

/* The line of the first fault, from both finders of faults; 0: there is none. */
static int first_line(const struct reading *r, int syntax_line)
{
    bool ours = r->fault_line && (!syntax_line || r->fault_line <= syntax_line);
    return ours ? r->fault_line : syntax_line;
}

static enum err tell(struct reading *r, int syntax_line)
{
    struct buf detail = BUF_INIT;
    int line = first_line(r, syntax_line);
    buf_printf(&detail, "line %d: %s", line,
        line == r->fault_line ? buf_text(r->why) : "not a [section], a comment or \"key = value\"");
    buf_done(r->why);
    *r->why = detail;
    return ERR_INVALID;
}

enum err config_read(const char *path, struct config *config, struct buf *ret_why)
{
    config_defaults(config);
    struct reading r = {.file = fopen(path, "re"), .config = config, .why = ret_why};
    if (!r.file && errno == ENOENT)
        return ERR_NOTFOUND;
    int line = r.file ? ini_parse_stream(read_line, &r, take_line, &r) : 0;
    bool unread = !r.file || ferror(r.file);
    if (unread) {
        buf_clear(ret_why);
        buf_printf(ret_why, "it cannot be read: %s", strerror(errno));
    }
    if (r.file)
        fclose(r.file);
    if (unread)
        return ERR_INVALID;
    return line || r.fault_line ? tell(&r, line) : ERR_OK;
}

const struct config_setting *config_setting(size_t i)
{
    return i < SETTINGS ? &settings[i] : NULL;
}

int config_wrong_line(const char *path)
{
    struct config config;
    struct buf why = BUF_INIT;
    config_defaults(&config);
    struct reading r = {.file = fopen(path, "re"), .config = &config, .why = &why};
    int line = r.file ? ini_parse_stream(read_line, &r, take_line, &r) : 0;
    if (r.file)
        fclose(r.file);
    buf_done(&why);
    return first_line(&r, line > 0 ? line : 0);
}

static int note_line(void *context, const char *section, const char *key, const char *text)
{
    struct reading *r = context;
    (void)text;
    if (strcmp(section, r->section) == 0 && strcmp(key, r->key) == 0)
        r->found_line = r->line;
    return 1;
}

int config_line_of(const char *path, const char *section, const char *key)
{
    struct buf why = BUF_INIT;
    struct reading r = {.file = fopen(path, "re"), .why = &why, .section = section, .key = key};
    if (r.file) {
        (void)ini_parse_stream(read_line, &r, note_line, &r);
        fclose(r.file);
    }
    buf_done(&why);
    return r.found_line;
}

void config_write_defaults(struct buf *out)
{
    const char *section = "";
    buf_add_str(out,
        "# Settings of this FX Bridge home. Each line shows a default; take away the\n"
        "# \"# \" before a key to change it. Programs read this file when they start.\n");
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct config_setting *s = &settings[i];
        if (strcmp(section, s->section) != 0)
            buf_printf(out, "\n[%s]\n", s->section);
        section = s->section;
        if (s->text)
            buf_printf(out, "# %s\n# %s = %s\n", s->sentence, s->key, s->text);
        else
            buf_printf(out, "# %s\n# %s = %" PRId64 "\n", s->sentence, s->key, s->value);
    }
}
