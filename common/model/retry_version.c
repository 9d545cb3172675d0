/* retry_version - see retry_version.h. */
#include "model/retry_version.h"

#include "model/name.h"

static const char *const words[] = {[RETRY_LATEST] = "latest", [RETRY_SAME] = "same"};

bool retry_version_parse(struct span text, struct retry_version *ret_version)
{
    *ret_version = (struct retry_version){RETRY_NUMBER, name_version(text)};
    if (span_eq_str(text, words[RETRY_LATEST]))
        ret_version->which = RETRY_LATEST;
    else if (span_eq_str(text, words[RETRY_SAME]))
        ret_version->which = RETRY_SAME;
    return ret_version->which != RETRY_NUMBER || ret_version->number;
}

void retry_version_print(const struct retry_version *version, struct buf *out)
{
    if (version->which == RETRY_NUMBER)
        buf_printf(out, "%u", version->number);
    else
        buf_add_str(out, words[version->which]);
}
