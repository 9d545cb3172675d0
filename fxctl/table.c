/* table - see table.h. */
#include "fxctl/table.h"

#include <string.h>

#include "base/json.h"
#include "fxctl/text.h"

#define GAP 2      /* spaces between columns */
#define DOTS "..." /* stand for the rest of a text */

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

/* Appends the text, or its beginning with dots where it has more than so many characters. */
static void add_bounded(struct span text, size_t most, struct buf *out)
{
    size_t len = 0, width = 0;
    if (text_width(text) <= most) {
        buf_add_span(out, text);
        return;
    }
    for (; len < text.len; len++)
        if ((text.data[len] & 0xc0) != 0x80 && width++ == most - strlen(DOTS))
            break;
    buf_add(out, text.data, len);
    buf_add_str(out, DOTS);
}

/* Appends what a row has in a column. */
static void add_column(struct span row, const struct column *column, struct buf *out)
{
    struct json_item item = {.value = SPAN_NONE, .type = JSON_NULL};
    struct buf text = BUF_INIT;
    (void)json_find(row, column->member, &item);
    if (column->first && item.type == JSON_ARRAY) {
        struct json_walk walk = json_walk_start(item.value);
        if (!json_walk_next(&walk, &item))
            item.type = JSON_NULL;
    }
    add_value(item.value, item.type, &text);
    add_bounded(buf_span(&text), column->most ? column->most : SIZE_MAX, out);
    buf_done(&text);
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

/* Makes the columns as wide as these rows need them, and no less wide than they were. */
static void measure(struct table *table, struct span array, size_t count)
{
    struct json_item row;
    struct buf cell = BUF_INIT;
    for (struct json_walk walk = json_walk_start(array); json_walk_next(&walk, &row);)
        for (size_t i = 0; i < count; i++) {
            buf_clear(&cell);
            add_column(row.value, &table->columns[i], &cell);
            size_t width = text_width(buf_span(&cell));
            if (width > table->widths[i])
                table->widths[i] = width;
        }
    buf_done(&cell);
}

static void add_heading(struct table *table, size_t count, struct buf *out)
{
    table->headed = true;
    for (size_t i = 0; i < count; i++)
        add_cell(span_str(table->columns[i].title), table->widths[i], table->columns[i].number,
            i + 1 == count, out);
    buf_add_char(out, '\n');
}

void table_page(struct table *table, struct span array, struct buf *out)
{
    size_t count = count_columns(table->columns);
    struct json_item row;
    struct buf cell = BUF_INIT;
    struct json_walk walk = json_walk_start(array);
    if (!json_walk_next(&walk, &row))
        return;
    for (size_t i = 0; !table->headed && i < count; i++)
        table->widths[i] = text_width(span_str(table->columns[i].title));
    measure(table, array, count);
    if (!table->headed)
        add_heading(table, count, out);
    do {
        for (size_t i = 0; i < count; i++) {
            buf_clear(&cell);
            add_column(row.value, &table->columns[i], &cell);
            add_cell(
                buf_span(&cell), table->widths[i], table->columns[i].number, i + 1 == count, out);
        }
        buf_add_char(out, '\n');
    } while (json_walk_next(&walk, &row));
    buf_done(&cell);
}

void table_rows(struct span array, const struct column *columns, struct buf *out)
{
    struct table table = {.columns = columns};
    table_page(&table, array, out);
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
