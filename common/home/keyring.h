#ifndef HOME_KEYRING_H
#define HOME_KEYRING_H
/*
 * keyring - the keys that the secrets of a home are sealed with: the file secret.key.
 *
 * The file holds one key of 32 bytes, or two while `fxctl rekey` seals everything anew: the
 * first one seals, both open. What is sealed says by its key's id which key that was.
 *
 * A process reads the file when it first needs a key, and again when it meets an id whose key
 * it has not got and the file has changed meanwhile. All functions are thread-safe.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "home/home.h"

#define KEYRING_KEY 32 /* bytes of a key */
#define KEYRING_MAX 2  /* keys at a time */

#define KEY_UNNAMED 0 /* the id in what was sealed before keys had ids: any key may be the one */

/* A secret as it is kept. */
struct sealed {
    uint64_t key; /* the id of the key, or KEY_UNNAMED */
    struct span bytes;
};

/*
 * Makes secret.key where it is missing. ERR_DENIED, logged with what to do: it is there and holds
 * no key. ERR_IO is logged.
 */
enum err keyring_create(const struct home *home) MUST_CHECK;

/*
 * Seals a secret with the key of this id, or, for KEY_UNNAMED, with the first key of the file. The
 * sealed bytes are appended to out, and the id goes to *ret_key. The label is authenticated, and
 * says what the secret is for. ERR_DENIED, logged with what to do: the file does not have the key.
 */
enum err keyring_seal(const struct home *home, uint64_t key, struct span label, struct span secret,
    uint64_t *ret_key, struct buf *out) MUST_CHECK;

/*
 * Opens what was sealed under this label; the secret is appended to out. ERR_DENIED: no key of the
 * file opens it. Only a file that cannot be used is logged.
 */
enum err keyring_unseal(
    const struct home *home, struct sealed sealed, struct span label, struct buf *out) MUST_CHECK;

/*
 * Puts a new key before the one there is, unless there are two already, and tells the id of the
 * first. For whoever holds the home (home_hold). Errors as keyring_create.
 */
enum err keyring_add(const struct home *home, uint64_t *ret_key) MUST_CHECK;

/* Leaves the first key alone in the file, likewise. */
enum err keyring_drop(const struct home *home) MUST_CHECK;

#endif
