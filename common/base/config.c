/* config - see config.h. */
#include "base/config.h"

#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct setting {
    const char *section, *key;
    int64_t value, min, max;
    size_t offset;
    const char *sentence;
};

static const struct setting settings[] = {
#define SETTING(section, key, value, min, max, sentence) \
    {#section, #key, value, min, max, offsetof(struct config, section##_##key), sentence},
    CONFIG_SETTINGS(SETTING)
#undef SETTING
};

#define SETTINGS (sizeof settings / sizeof settings[0])

static int64_t *setting_in(const struct setting *s, struct config *config)
{
    return (int64_t *)((char *)config + s->offset);
}

void config_defaults(struct config *config)
{
    for (size_t i = 0; i < SETTINGS; i++)
        *setting_in(&settings[i], config) = settings[i].value;
}

struct reading {
    struct config *config;
    struct buf *why;
};

/* libinih calls this for each line; 0 makes ini_parse return that line's number. */
static int take_line(void *context, const char *section, const char *key, const char *text)
{
    struct reading *r = context;
    const struct setting *s = NULL;
    for (size_t i = 0; i < SETTINGS && !s; i++)
        if (strcmp(settings[i].section, section) == 0 && strcmp(settings[i].key, key) == 0)
            s = &settings[i];
    if (r->why->len)
        return 0; /* the first fault is the one to report */
    if (!s) {
        buf_printf(r->why, "there is no setting \"%s\" in [%s]", key, section);
        return 0;
    }
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < s->min || value > s->max) {
        buf_printf(
            r->why, "%s wants a whole number from %" PRId64 " to %" PRId64, key, s->min, s->max);
        return 0;
    }
    *setting_in(s, r->config) = value;
    return 1;
}

enum err config_read(const char *path, struct config *config, struct buf *ret_why)
{
    config_defaults(config);
    struct reading r = {config, ret_why};
    int line = ini_parse(path, take_line, &r);
    if (line == 0)
        return ERR_OK;
    if (line < 0)
        return ERR_NOTFOUND;
    struct buf detail = BUF_INIT;
    buf_printf(&detail, "line %d: %s", line,
        ret_why->len ? buf_text(ret_why) : "not a [section], a comment or \"key = value\"");
    buf_done(ret_why);
    *ret_why = detail;
    return ERR_INVALID;
}

void config_write_defaults(struct buf *out)
{
    const char *section = "";
    buf_add_str(out,
        "# Settings of this FX Bridge home. Each line shows a default; take away the\n"
        "# \"# \" before a key to change it. Programs read this file when they start.\n");
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *s = &settings[i];
        if (strcmp(section, s->section) != 0)
            buf_printf(out, "\n[%s]\n", s->section);
        section = s->section;
        buf_printf(out, "# %s\n# %s = %" PRId64 "\n", s->sentence, s->key, s->value);
    }
}
