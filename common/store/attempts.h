#ifndef STORE_ATTEMPTS_H
#define STORE_ATTEMPTS_H
/*
 * attempts - the attempts of an execution that were not its last.
 *
 * The execution's own record holds the last attempt until the execution goes back to
 * pending; then the attempt is kept here. So an execution that ends with its first attempt,
 * as most do, has nothing here, and nothing is looked for.
 */
#include "model/execution.h"
#include "store/store.h"

/*
 * Keeps the attempt that the execution holds, if it holds one, with the step that failed
 * where the execution has its steps. The execution, which the caller stores, then holds none.
 */
enum err attempts_keep(struct store_txn *txn, struct execution *execution) MUST_CHECK;

/*
 * The attempt of an execution that was kept last. Text borrows from the transaction. ERR_NOTFOUND
 * when its last attempt is not kept here.
 */
enum err attempts_last(struct store_txn *txn, const struct execution *execution,
    struct attempt_result *ret_attempt) MUST_CHECK;

/*
 * The last attempts of an execution, oldest first, with the attempt that its record holds.
 * Text borrows from the transaction and the execution.
 */
struct attempt_list {
    struct attempt_result attempts[ATTEMPTS_SHOWN_MAX];
    size_t count;
};
enum err attempts_list(struct store_txn *txn, const struct execution *execution,
    struct attempt_list *ret_list) MUST_CHECK;

#endif
