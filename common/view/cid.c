/* cid - see cid.h. */
#include "view/cid.h"

#include "store/events.h"
#include "store/executions.h"
#include "view/execution.h"

/* Results that are written while the store is walked. */
struct printing {
    struct store_txn *txn;
    struct json_out *out;
    bool all_final;
    enum err err;
};

static bool print_one(const struct uuid *id, void *context)
{
    struct printing *printing = context;
    struct execution execution;
    printing->err = executions_get(printing->txn, id, &execution, NULL);
    if (!printing->err) {
        printing->all_final &= status_is_final(execution.status);
        printing->err = execution_print(printing->txn, id, printing->out);
    }
    return !printing->err;
}

enum err cid_print(
    struct store_txn *txn, const struct uuid *cid, struct json_out *out, bool *ret_settled)
{
    struct printing printing = {txn, out, true, ERR_OK};
    uint64_t last, cursor;
    char text[UUID_TEXT];
    enum err err = events_last_of_cid(txn, cid, &last);
    if (!err)
        err = events_cursor(txn, &cursor);
    if (err)
        return err;
    uuid_format(cid, text);
    json_open(out, '{');
    json_put_str(out, "cid", text);
    json_key(out, "executions");
    json_open(out, '[');
    err = executions_of_cid(txn, cid, print_one, &printing);
    json_close(out, ']');
    json_close(out, '}');
    *ret_settled = printing.all_final && last <= cursor;
    return err ? err : printing.err;
}
