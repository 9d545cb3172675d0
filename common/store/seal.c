/* seal - see seal.h. */
#include "store/seal.h"
#include "store/audit.h"

#define KEY_COUNTER "sealing_key" /* the counter in the table meta; 0: the key of the file */

enum err seal_secret(struct store_txn *txn, const struct home *home, struct span label,
    struct span secret, uint64_t *ret_key, struct buf *out)
{
    uint64_t key;
    enum err err = store_counter(txn, KEY_COUNTER, &key);
    return err ? err : keyring_seal(home, key, label, secret, ret_key, out);
}

enum err seal_set_key(struct store_txn *txn, uint64_t key)
{
    enum err err = store_set_counter(txn, KEY_COUNTER, key);
    return err ? err : audit_add(txn, AUDIT_HOME_REKEY, "home", SPAN_NONE, SPAN_NONE);
}
