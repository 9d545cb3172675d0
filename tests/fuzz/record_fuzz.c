/*
 * record_fuzz - a letter that names a kind of record, then the bytes of one as the disk may
 * give them: they are refused, or read within their bounds; and what was read is written and
 * read the same again.
 */
#include "tests/fuzz/fuzz.h"

#include "model/credential.h"
#include "model/event.h"
#include "model/execution.h"
#include "model/limits.h"
#include "model/trigger.h"

/* Reads a record and writes it again. */
typedef enum err recode(struct span record, struct buf *out);

static enum err recode_event(struct span record, struct buf *out)
{
    struct event event;
    enum err err = event_decode(record, &event);
    if (!err)
        event_encode(&event, out);
    return err;
}

static enum err recode_execution(struct span record, struct buf *out)
{
    struct step_result steps[STEPS_MAX];
    struct execution execution;
    enum err err = execution_decode(record, &execution, steps);
    if (!err)
        execution_encode(&execution, out);
    return err;
}

static enum err recode_attempt(struct span record, struct buf *out)
{
    struct attempt_result attempt;
    enum err err = attempt_decode(record, &attempt);
    if (!err)
        attempt_encode(&attempt, out);
    return err;
}

static enum err recode_trigger(struct span record, struct buf *out)
{
    struct trigger trigger;
    enum err err = trigger_decode(record, &trigger);
    if (!err)
        trigger_encode(&trigger, out);
    return err;
}

static enum err recode_credential(struct span record, struct buf *out)
{
    struct credential credential;
    enum err err = credential_decode(record, &credential);
    if (!err)
        credential_encode(&credential, out);
    return err;
}

static recode *const kinds[] = {
    ['e'] = recode_event,
    ['x'] = recode_execution,
    ['a'] = recode_attempt,
    ['t'] = recode_trigger,
    ['c'] = recode_credential,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf once = BUF_INIT, twice = BUF_INIT;
    if (size && data[0] < sizeof kinds / sizeof kinds[0] && kinds[data[0]]) {
        recode *kind = kinds[data[0]];
        enum err err = kind(span_of(data + 1, size - 1), &once);
        require(err == ERR_OK || err == ERR_CORRUPT);
        require(err || kind(buf_span(&once), &twice) == ERR_OK);
        require(span_eq(buf_span(&once), buf_span(&twice)));
    }
    buf_done(&once);
    buf_done(&twice);
    return 0;
}
