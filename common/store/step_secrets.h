#ifndef STORE_STEP_SECRETS_H
#define STORE_STEP_SECRETS_H
/*
 * step_secrets - the secrets that steps are given when they run, sealed. A definition refers to
 * one by its name, as {"secret": NAME}.
 *
 * `owner` is the id of the pipeline whose own a secret is (model/name.h), or empty for one that
 * an operator has set and that any pipeline may use.
 */
#include "home/home.h"
#include "model/limits.h"
#include "model/name.h"
#include "store/store.h"

struct step_secret {
    struct span name; /* borrows from the transaction */
    int64_t created_ms, updated_ms;
};

/*
 * Stores a secret, in place of the one that has its name. *ret_new says that there was none.
 * Errors as keyring_seal.
 */
enum err step_secrets_set(struct store_txn *txn, const struct home *home, struct span owner,
    struct span name, struct span value, int64_t now_ms, bool *ret_new) MUST_CHECK;

/* ERR_NOTFOUND. */
enum err step_secrets_get(struct store_txn *txn, struct span owner, struct span name,
    struct step_secret *ret_secret) MUST_CHECK;
enum err step_secrets_del(struct store_txn *txn, struct span owner, struct span name) MUST_CHECK;

/*
 * Appends the value of the secret that a definition of this pipeline means by the name.
 * ERR_NOTFOUND. ERR_DENIED: the key at hand does not open it.
 */
enum err step_secrets_open(struct store_txn *txn, const struct home *home, struct span pipeline_id,
    struct span name, struct buf *out) MUST_CHECK;

/* Is there a secret that a definition of this pipeline can mean by the name? ERR_NOTFOUND. */
enum err step_secrets_has(
    struct store_txn *txn, struct span pipeline_id, struct span name) MUST_CHECK;

/*
 * Makes a value a pipeline's own secret, unless it is one already, and appends the secret's name.
 * Errors as keyring_seal.
 */
enum err step_secrets_own(struct store_txn *txn, const struct home *home, struct span pipeline_id,
    struct span value, int64_t now_ms, struct buf *ret_name) MUST_CHECK;

/* Takes all secrets away that are the pipeline's own. */
enum err step_secrets_drop(struct store_txn *txn, struct span pipeline_id) MUST_CHECK;

/*
 * Visits those of the owner in the order of names, from behind `after` (may be empty), until the
 * visitor says false.
 */
typedef bool step_secrets_visit(const struct step_secret *secret, void *context);
enum err step_secrets_list(struct store_txn *txn, struct span owner, struct span after,
    step_secrets_visit *visit, void *context) MUST_CHECK;

/* How many there are, of all owners. */
enum err step_secrets_count(struct store_txn *txn, size_t *ret_count) MUST_CHECK;

/*
 * Seals all secrets anew that are sealed with another key than seal_set_key has named. Those that
 * no key opens are left and counted.
 */
enum err step_secrets_reseal(
    struct store_txn *txn, const struct home *home, uint64_t key, size_t *ret_lost) MUST_CHECK;

#endif
