#ifndef STORE_PIPELINES_H
#define STORE_PIPELINES_H
/*
 * pipelines - the pipelines with all their versions, by id and by name.
 *
 * Versions count from 1 and never change. A pipeline that is created again under the id of
 * a deleted one goes on counting, so that the version an execution names never comes to
 * mean another definition. Definitions are the checked text of model/pipeline.h, without
 * secrets (literals.h). Spans borrow from the transaction.
 */
#include "model/pipeline.h"
#include "store/store.h"

struct pipeline_info {
    struct span id, name;
    uint32_t version; /* the latest */
    int64_t created_ms, updated_ms;
};

/* ERR_CONFLICT when the id or the name is taken: *ret_taken is "id" or "name", a static word. */
enum err pipelines_create(struct store_txn *txn, struct span id, struct span name,
    struct span definition, int64_t now_ms, uint32_t *ret_version,
    const char **ret_taken) MUST_CHECK;

/*
 * Makes the next version. `if_version` guards against lost updates: ERR_CONFLICT when that is
 * neither 0 nor the latest version. ERR_NOTFOUND.
 */
enum err pipelines_replace(struct store_txn *txn, struct span id, uint32_t if_version,
    struct span definition, int64_t now_ms, uint32_t *ret_version) MUST_CHECK;

enum err pipelines_get(
    struct store_txn *txn, struct span id, struct pipeline_info *ret_info) MUST_CHECK;
/* Regardless of case. ERR_NOTFOUND. */
enum err pipelines_by_name(struct store_txn *txn, struct span name, struct span *ret_id) MUST_CHECK;

/* One version; 0 stands for the latest. *ret_version says which version was found. */
enum err pipelines_version(struct store_txn *txn, struct span id, uint32_t version,
    uint32_t *ret_version, int64_t *ret_created_ms, struct span *ret_definition) MUST_CHECK;

/* Visits pipelines in the order of ids, from behind `after` (may be empty), until false. */
enum err pipelines_list(struct store_txn *txn, struct span after,
    bool (*visit)(const struct pipeline_info *info, void *context), void *context) MUST_CHECK;

/*
 * Deletes a pipeline with its versions, its own step secrets and the queue of its runs by hand,
 * without asking whether anything runs (actions_delete_pipeline does). ERR_NOTFOUND.
 */
enum err pipelines_delete(struct store_txn *txn, struct span id) MUST_CHECK;

#endif
