#ifndef DISPATCHER_CATALOG_H
#define DISPATCHER_CATALOG_H
/*
 * catalog - the services, and what the store has of them: triggers and pipeline versions.
 */
#include "base/buf.h"
#include "base/err.h"
#include "model/pipeline.h"

struct dispatcher;
struct store_txn;

/* A version of a pipeline. */
struct version {
    char *pipeline_id;
    uint32_t number;
    struct buf definition;
    struct pipeline *pipeline;
    struct version *next;
};

struct service *catalog_service(struct dispatcher *d, uint64_t queue); /* made where missing */

/* Forgets the services whose trigger is gone and of which nothing is left. No turn. */
void catalog_forget_idle_services(struct dispatcher *d);

/* Borrows from the catalog until the next catalog_reload. ERR_NOTFOUND: the version is deleted. */
enum err catalog_version(struct dispatcher *d, struct store_txn *txn, struct span pipeline_id,
    uint32_t number, const struct version **ret_version) MUST_CHECK;

/* Within a turn: reads the triggers again where they have changed. */
enum err catalog_reload(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

#endif
