/* input - see input.h. */
#include "fxctl/input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/json.h"

#define READ_BYTES 65536

/* Reads to the end of the file, or one byte past the limit. */
static bool read_all(FILE *file, size_t limit, struct buf *text)
{
    char chunk[READ_BYTES];
    size_t n = 1;
    while (n && text->len <= limit) {
        n = fread(chunk, 1, sizeof chunk, file);
        buf_add(text, chunk, n);
    }
    return !ferror(file);
}

static int read_file(const char *name, size_t limit, struct buf *text)
{
    FILE *file = name ? fopen(name, "re") : stdin;
    bool read = file && read_all(file, limit, text);
    int cause = errno;
    if (file && file != stdin)
        fclose(file);
    return read ? EXIT_DONE
                : fxctl_refuse(
                      "cannot read %s: %s", name ? name : "standard input", strerror(cause));
}

int input_read_bytes(const char *word, size_t limit, struct buf *bytes)
{
    bool is_file = strcmp(word, "-") != 0;
    int status = read_file(is_file ? word : NULL, limit, bytes);
    if (!status && bytes->len > limit)
        status =
            fxctl_refuse("%s is larger than %zu bytes", is_file ? word : "standard input", limit);
    return status;
}

/* Says in which line and column the document stops being JSON, counted as editors do. */
static int refuse_fault(const char *name, struct span text, const struct json_fault *fault)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < fault->offset && i < text.len; i++) {
        column = text.data[i] == '\n' ? 1 : column + 1;
        line += text.data[i] == '\n';
    }
    return fxctl_refuse(
        "%s is not acceptable JSON: line %zu, column %zu: %s", name, line, column, fault->what);
}

/* Checks what was read, of a source that is called so in messages. */
static int check(const struct fxctl *ctl, const char *called, const struct json_rules *rules,
    struct span text, struct span *ret_json)
{
    size_t limit = (size_t)ctl->home.config.web_body_bytes;
    struct json_fault fault;
    if (text.len > limit)
        return fxctl_refuse(
            "%s is larger than %zu bytes (body_bytes in [web] of fx.conf)", called, limit);
    if (!json_check_by(text, JSON_DEPTH_DEFAULT, rules, &fault))
        return refuse_fault(called, text, &fault);
    *ret_json = ascii_trim(text, ASCII_JSON_SPACE);
    return EXIT_DONE;
}

/* Reads the file of this name, or standard input. */
static int read_named(const struct fxctl *ctl, const char **name, struct buf *text)
{
    const char *file = *name && strcmp(*name, "-") != 0 ? *name : NULL;
    *name = file ? file : "standard input";
    return read_file(file, (size_t)ctl->home.config.web_body_bytes, text);
}

int input_read(const struct fxctl *ctl, const char *word, struct buf *text, struct span *ret_json)
{
    static const struct json_rules ours = {.count = 0};
    int status = read_named(ctl, &word, text);
    return status ? status : check(ctl, word, &ours, buf_span(text), ret_json);
}

int input_read_payload(
    const struct fxctl *ctl, const char *word, struct buf *text, struct span *ret_json)
{
    if (word && *word && strchr("{[\"", *word))
        return check(ctl, "the argument", &json_foreign, span_str(word), ret_json);
    int status = read_named(ctl, &word, text);
    struct span json = json_behind_mark(buf_span(text));
    return status ? status : check(ctl, word, &json_foreign, json, ret_json);
}
