/* event_text - see event_text.h. */
#include "fxctl/event_text.h"

#include "base/json.h"
#include "fxctl/table.h"
#include "fxctl/text.h"
#include "model/cloudevent.h"

/* The payload of an event as a person sees it. */
struct payload {
    struct buf text;
    bool any, binary;
};

/* JSON stands as it was sent, other text as its characters. */
static struct payload read_payload(struct span event)
{
    struct payload payload = {.text = BUF_INIT};
    struct json_item data, type;
    payload.binary = json_find(event, "data_base64", &data);
    payload.any = payload.binary || json_find(event, "data", &data);
    if (!payload.any || payload.binary)
        return payload;
    bool is_json = !json_find(event, "datacontenttype", &type) || type.type != JSON_STRING ||
                   media_type_is_json(span_of(type.value.data + 1, type.value.len - 2));
    if (is_json || data.type != JSON_STRING)
        buf_add_span(&payload.text, data.value);
    else
        json_unescape(data.value, &payload.text);
    return payload;
}

/* The longest beginning of the text of at most so many bytes that cuts no character. */
static struct span beginning(struct span text, size_t most)
{
    size_t len = text.len < most ? text.len : most;
    for (size_t back = 0; len < text.len && back < 3 && (text.data[len] & 0xc0) == 0x80; back++)
        len--;
    return span_of(text.data, len);
}

static void add_payload(const struct payload *payload, size_t most, const char *id, struct buf *out)
{
    struct span text = buf_span(&payload->text), shown = beginning(text, most);
    if (!payload->any)
        buf_add_str(out, "    none\n");
    else if (payload->binary)
        buf_printf(out, "    no text; its bytes: fxctl execution event %s --payload\n", id);
    else
        text_add_lines(shown, "    | ", out);
    if (shown.len < text.len)
        buf_printf(out, "    and %zu bytes more; all of it: fxctl execution event %s\n",
            text.len - shown.len, id);
}

void event_text(struct span event, const char *id, struct buf *out)
{
    static const struct column facts[] = {
        {"type", "type", false},
        {"source", "source", false},
        {"subject", "subject", false},
        {"topic", "topic", false},
        {"id", "id", false},
        {"time", "time", false},
        {"cid", "correlationid", false},
        {"parent", "causationid", false},
        {"media type", "datacontenttype", false},
        {0},
    };
    struct payload payload = read_payload(event);
    table_facts(event, facts, out);
    buf_add_str(out, "\npayload\n");
    add_payload(&payload, SIZE_MAX, id, out);
    buf_done(&payload.text);
}

void event_text_brief(struct span event, const char *id, struct buf *out)
{
    if (!event.len) {
        buf_add_str(out, "  not kept any more\n");
        return;
    }
    struct payload payload = read_payload(event);
    buf_add_str(out, "  ");
    table_value(event, "type", out);
    buf_add_str(out, "  from ");
    table_value(event, "source", out);
    buf_add_str(out, "  at ");
    table_value(event, "time", out);
    buf_add_char(out, '\n');
    add_payload(&payload, EVENT_TEXT_BRIEF, id, out);
    buf_done(&payload.text);
}
