/* execution - see execution.h. */
#include "view/execution.h"

#include "model/limits.h"
#include "store/attempts.h"
#include "store/executions.h"

enum err execution_print(struct store_txn *txn, const struct uuid *id, struct json_out *out)
{
    struct step_result steps[STEPS_MAX];
    struct span logs[STEPS_MAX];
    struct attempt_list list;
    struct execution_extras extras = {.logs = logs, .attempts = list.attempts};
    struct execution execution;
    enum err err = executions_get(txn, id, &execution, steps);
    if (!err)
        err = executions_data(txn, id, &extras.data);
    for (uint16_t i = 0; !err && i < execution.step_count; i++)
        err = executions_log(txn, id, i, &logs[i]);
    if (!err)
        err = attempts_list(txn, &execution, &list);
    if (err)
        return err;
    extras.attempt_count = list.count;
    execution_format(&execution, &extras, out);
    return ERR_OK;
}
