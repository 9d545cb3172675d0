/*
 * text_fuzz - the readers of one short text each get the same one: times, ids, secrets, URLs,
 * networks, scopes and lists. What they accept they write and read the same.
 */
#include "tests/fuzz/fuzz.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/names.h"
#include "base/url.h"
#include "model/address.h"
#include "model/credential.h"
#include "model/whsec.h"

static void check_time(struct span text)
{
    int64_t ms, again;
    char written[CLOCK_TEXT];
    if (!clock_parse(text, &ms))
        return;
    clock_format(ms, written);
    require(clock_parse(span_str(written), &again) && again == ms);
}

static void check_id(struct span text)
{
    struct uuid id, again;
    char written[UUID_TEXT];
    if (!uuid_parse(text, &id))
        return;
    uuid_format(&id, written);
    require(uuid_parse(span_str(written), &again) && uuid_eq(&id, &again));
}

static void check_secret(struct span text)
{
    struct buf key = BUF_INIT, written = BUF_INIT, again = BUF_INIT;
    if (whsec_key(text, &key)) {
        require(key.len >= WHSEC_KEY_MIN && key.len <= WHSEC_KEY_MAX);
        base64_encode(buf_span(&key), &written);
        require(base64_decode(buf_span(&written), &again));
        require(span_eq(buf_span(&key), buf_span(&again)));
    }
    buf_done(&key);
    buf_done(&written);
    buf_done(&again);
}

static void check_scopes(struct span text)
{
    struct buf why = BUF_INIT, written = BUF_INIT;
    unsigned scopes, again;
    bool good = scopes_parse(text, &scopes, &why);
    require(good == (why.len == 0));
    if (good) {
        scopes_format(scopes, ",", &written);
        require(scopes_parse(buf_span(&written), &again, &why) && again == scopes);
    }
    buf_done(&why);
    buf_done(&written);
}

static void check_lists(struct span text)
{
    struct buf copy = BUF_INIT, why = BUF_INIT;
    struct networks networks;
    buf_add_span(&copy, text);
    if (names_are_list(buf_text(&copy)))
        (void)names_have(buf_text(&copy), "APP_MARK");
    if (credential_list_check(text))
        (void)credential_allows(text, span_str("order.created"));
    require(networks_parse(buf_text(&copy), &networks, &why) == (why.len == 0));
    networks_done(&networks);
    buf_done(&copy);
    buf_done(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    (void)url_fault(text);
    (void)token_is_wellformed(text);
    check_time(text);
    check_id(text);
    check_secret(text);
    check_scopes(text);
    check_lists(text);
    return 0;
}
