/*
 * filter_fuzz - a line with a list of filters, then a payload. Filters that are accepted come to
 * a verdict within their steps, say why exactly when an event differs, and the same list behind a
 * "not" comes to the opposite.
 */
#include "tests/fuzz/fuzz.h"

#include "model/filter.h"

static struct filter *parse(struct span list)
{
    struct buf why = BUF_INIT;
    struct json_fault fault;
    struct json_tree *tree = json_tree_parse(list, JSON_DEPTH_DEFAULT, &fault);
    struct filter *filter = fault.what ? NULL : filter_parse(tree, "filters", &why);
    require(fault.what || (filter != NULL) == (why.len == 0));
    json_tree_free(tree);
    buf_done(&why);
    return filter;
}

/* The verdict on the event, as if nobody had asked before. */
static enum filter_verdict judge(const struct filter *filter, const struct event *event)
{
    struct filter_subject subject;
    struct buf why = BUF_INIT;
    filter_subject_init(&subject, event);
    enum filter_verdict verdict = filter_judge(filter, &subject, &why);
    require(filter_judge(filter, &subject, NULL) == verdict);
    require((verdict == FILTER_MATCHES) == (why.len == 0));
    filter_subject_done(&subject);
    buf_done(&why);
    return verdict;
}

static void check_opposite(struct span list, const struct event *event, enum filter_verdict verdict)
{
    struct buf text = BUF_INIT;
    buf_add_str(&text, "[{\"not\":{\"all\":");
    buf_add_span(&text, list);
    buf_add_str(&text, "}}]");
    struct filter *opposite = parse(buf_span(&text)); /* NULL where that is too deep, or too many */
    enum filter_verdict other = opposite ? judge(opposite, event) : FILTER_TOO_COSTLY;
    require(other == FILTER_TOO_COSTLY || verdict == FILTER_TOO_COSTLY || other != verdict);
    filter_free(opposite);
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span payload = span_of(data, size), list = cut(&payload, '\n');
    struct event event = {
        .accepted_ms = 1767323045678,
        .data_kind = EVENT_DATA_JSON,
        .id = span_str("A-1"),
        .source = span_str("https://shop/orders"),
        .type = span_str("order.created"),
        .subject = span_str("4711"),
        .extensions = span_str("{\"tenant\":\"\\u00e4 b\",\"sequence\":7}"),
        .data = payload,
    };
    struct json_fault fault;
    struct filter *filter = parse(list);
    if (filter && json_check_by(payload, JSON_DEPTH_DEFAULT, &json_foreign, &fault))
        check_opposite(list, &event, judge(filter, &event));
    filter_free(filter);
    return 0;
}
