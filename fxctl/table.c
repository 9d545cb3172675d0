/* table - see table.h. */
#include "fxctl/table.h"

#include <string.h>

#include "base/json.h"
#include "fxctl/text.h"

#define COLUMNS_MAX 16
#define GAP 2 /* spaces between columns */

/* Appends a value as one line of text. */
static void add_value(struct span value, enum json_type type, struct buf *out)
{
    struct buf text = BUF_INIT;
    struct json_item item;
    const char *comma = "";
    switch (type) {
    case JSON_STRING:
        json_unescape(value, &text);
        if (!text.len)
            buf_add_char(&text, '-');
        break;
    case JSON_BOOL:
        buf_add_str(&text, value.data[0] == 't' ? "yes" : "no");
        break;
    case JSON_ARRAY:
        for (struct json_walk walk = json_walk_start(value); json_walk_next(&walk, &item);
             comma = ",") {
            buf_add_str(&text, comma);
            add_value(item.value, item.type, &text);
        }
        break;
    case JSON_NULL:
        buf_add_char(&text, '-');
        break;
    default:
        buf_add_span(&text, value);
    }
    text_add_line(buf_span(&text), out);
    buf_done(&text);
}

struct span table_member(struct span object, const char *member)
{
    struct json_item item;
    return json_find(object, member, &item) ? item.value : SPAN_NONE;
}

void table_value(struct span object, const char *member, struct buf *out)
{
    struct json_item item = {.value = SPAN_NONE, .type = JSON_NULL};
    (void)json_find(object, member, &item);
    add_value(item.value, item.type, out);
}

static void add_spaces(size_t count, struct buf *out)
{
    while (count--)
        buf_add_char(out, ' ');
}

/* Appends one cell in its column, and the gap before the next cell. */
static void add_cell(struct span text, size_t width, bool number, bool last, struct buf *out)
{
    size_t room = width - text_width(text);
    if (number)
        add_spaces(room, out);
    buf_add_span(out, text);
    if (!last)
        add_spaces((number ? 0 : room) + GAP, out);
}

static size_t count_columns(const struct column *columns)
{
    size_t count = 0;
    while (columns[count].title && count < COLUMNS_MAX)
        count++;
    return count;
}

static void measure(struct span array, const struct column *columns, size_t count, size_t *widths)
{
    struct json_item row;
    struct buf cell = BUF_INIT;
    for (size_t i = 0; i < count; i++)
        widths[i] = text_width(span_str(columns[i].title));
    for (struct json_walk walk = json_walk_start(array); json_walk_next(&walk, &row);)
        for (size_t i = 0; i < count; i++) {
            buf_clear(&cell);
            table_value(row.value, columns[i].member, &cell);
            size_t width = text_width(buf_span(&cell));
            widths[i] = width > widths[i] ? width : widths[i];
        }
    buf_done(&cell);
}

void table_rows(struct span array, const struct column *columns, struct buf *out)
{
    size_t widths[COLUMNS_MAX], count = count_columns(columns);
    struct json_item row;
    struct buf cell = BUF_INIT;
    struct json_walk walk = json_walk_start(array);
    if (!json_walk_next(&walk, &row))
        return;
    measure(array, columns, count, widths);
    for (size_t i = 0; i < count; i++)
        add_cell(span_str(columns[i].title), widths[i], columns[i].number, i + 1 == count, out);
    buf_add_char(out, '\n');
    do {
        for (size_t i = 0; i < count; i++) {
            buf_clear(&cell);
            table_value(row.value, columns[i].member, &cell);
            add_cell(buf_span(&cell), widths[i], columns[i].number, i + 1 == count, out);
        }
        buf_add_char(out, '\n');
    } while (json_walk_next(&walk, &row));
    buf_done(&cell);
}

void table_facts(struct span object, const struct column *columns, struct buf *out)
{
    size_t width = 0;
    for (const struct column *c = columns; c->title; c++)
        width = strlen(c->title) > width ? strlen(c->title) : width;
    for (const struct column *c = columns; c->title; c++) {
        struct json_item item;
        if (!json_find(object, c->member, &item) || item.type == JSON_NULL)
            continue;
        add_cell(span_str(c->title), width, false, false, out);
        add_value(item.value, item.type, out);
        buf_add_char(out, '\n');
    }
}

void table_answer(const struct fxctl *ctl, const struct buf *document, const char *member,
    const struct column *columns, const char *none)
{
    struct buf text = BUF_INIT;
    if (ctl->json) {
        fxctl_print(document);
        return;
    }
    table_rows(table_member(buf_span(document), member), columns, &text);
    fxctl_print(&text);
    if (!text.len)
        fxctl_say("%s", none);
    buf_done(&text);
}
