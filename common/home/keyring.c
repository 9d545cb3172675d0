/* keyring - see keyring.h. */
#include "home/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/id.h"
#include "base/log.h"
#include "home/durable.h"

#define FILE_NAME "secret.key"
#define FILE_MODE 0640

struct key {
    uint64_t id;
    uint8_t bytes[KEYRING_KEY];
};

#define REMEMBERED 4 /* keys that a process keeps */

struct ring {
    struct key keys[REMEMBERED]; /* those of the file first */
    size_t count;
    struct stat file; /* as it was when it was read */
};

/* What this process has read. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ring known;
static bool tried;

/* The id tells keys apart, and nothing of the key. */
static uint64_t id_of(const uint8_t bytes[KEYRING_KEY])
{
    uint8_t digest[CRYPTO_SHA256];
    uint64_t id = 0;
    crypto_sha256(span_of(bytes, KEYRING_KEY), digest);
    for (size_t i = 0; i < sizeof id; i++)
        id = id << 8 | digest[i];
    return id == KEY_UNNAMED ? KEY_UNNAMED + 1 : id;
}

/* The key of this id, or the first one for KEY_UNNAMED. */
static const struct key *find(const struct ring *ring, uint64_t id)
{
    for (size_t i = 0; i < ring->count; i++)
        if (id == KEY_UNNAMED || ring->keys[i].id == id)
            return &ring->keys[i];
    return NULL;
}

/* Reading the file. */

/* A file that is too long is no keyring either, so a byte more is asked for. */
static ssize_t read_file(
    const char *path, uint8_t bytes[KEYRING_MAX * KEYRING_KEY + 1], struct stat *ret_file)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = fstat(fd, ret_file) < 0 ? -1 : read(fd, bytes, KEYRING_MAX * KEYRING_KEY + 1);
    close(fd);
    return n;
}

static void take_keys(struct ring *ring, const uint8_t *bytes, size_t count)
{
    ring->count = count;
    for (size_t i = 0; i < count; i++) {
        memcpy(ring->keys[i].bytes, bytes + i * KEYRING_KEY, KEYRING_KEY);
        ring->keys[i].id = id_of(ring->keys[i].bytes);
    }
}

static void say_unreadable(const struct home *home, const char *path)
{
    const char *cause = strerror(errno);
    if (errno == ENOENT)
        log_error("cannot read %s: %s; without it no secret can be used: restore it from its "
                  "backup, or, where there is none, give up what it has sealed: "
                  "fxctl --home %s rekey --give-up",
            path, cause, home->dir);
    else
        log_error("cannot read %s: %s; without it no secret can be used: let this account read it",
            path, cause);
}

static enum err read_ring(const struct home *home, struct ring *ret_ring)
{
    char path[PATH_MAX];
    uint8_t bytes[KEYRING_MAX * KEYRING_KEY + 1];
    home_path(home, FILE_NAME, path);
    *ret_ring = (struct ring){.count = 0};
    ssize_t n = read_file(path, bytes, &ret_ring->file);
    bool good = n == KEYRING_KEY || n == KEYRING_MAX * KEYRING_KEY;
    if (good)
        take_keys(ret_ring, bytes, (size_t)n / KEYRING_KEY);
    crypto_clear(bytes, sizeof bytes);
    if (n < 0)
        say_unreadable(home, path);
    else if (!good)
        log_error("%s has not the %d bytes of a key; restore it from its backup, or, where there "
                  "is none, remove it and run: fxctl --home %s init",
            path, KEYRING_KEY, home->dir);
    return good ? ERR_OK : ERR_DENIED;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Is the file another one than that which was read last? One that is missing is as it was. */
static bool has_changed(const struct home *home)
{
    char path[PATH_MAX];
    struct stat file;
    home_path(home, FILE_NAME, path);
    return stat(path, &file) == 0 && !is_same_file(&file, &known.file);
}

/*
 * Reads the file. Keys that it has not got any more are kept behind those it has: a transaction
 * that began earlier still sees what they have sealed.
 */
static void learn(const struct home *home)
{
    struct ring old = known;
    (void)read_ring(home, &known); /* what is none was logged, and has no key */
    for (size_t i = 0; i < old.count && known.count < REMEMBERED; i++)
        if (!find(&known, old.keys[i].id))
            known.keys[known.count++] = old.keys[i];
    crypto_clear(&old, sizeof old);
}

/*
 * Copies the keys that this process has. With `again`, the file is read once more where it has
 * changed. False when that brings nothing new.
 */
static bool get_ring(const struct home *home, bool again, struct ring *ret_ring)
{
    pthread_mutex_lock(&lock);
    bool reads = !tried || (again && has_changed(home));
    if (reads)
        learn(home);
    tried = true;
    *ret_ring = known;
    pthread_mutex_unlock(&lock);
    return reads || !again;
}

static void forget(struct ring *ring)
{
    crypto_clear(ring, sizeof *ring);
}

/* Sealing and opening. */

enum err keyring_seal(const struct home *home, uint64_t id, struct span label, struct span secret,
    uint64_t *ret_key, struct buf *out)
{
    struct ring ring;
    const struct key *key = NULL;
    for (bool again = false; !key && get_ring(home, again, &ring); again = true)
        key = find(&ring, id);
    if (key) {
        *ret_key = key->id;
        crypto_seal(key->bytes, label, secret, out);
    } else if (ring.count) {
        log_error("%s/" FILE_NAME " is not the key that this home's secrets were last sealed with; "
                  "restore it from its backup, or, where there is none, run: fxctl --home %s rekey",
            home->dir, home->dir);
    }
    bool good = key != NULL;
    forget(&ring);
    return good ? ERR_OK : ERR_DENIED;
}

static bool unseal(
    const struct ring *ring, struct sealed sealed, struct span label, struct buf *out)
{
    bool good = false;
    for (size_t i = 0; i < ring->count && !good; i++)
        if (sealed.key == KEY_UNNAMED || sealed.key == ring->keys[i].id)
            good = crypto_unseal(ring->keys[i].bytes, label, sealed.bytes, out);
    return good;
}

enum err keyring_unseal(
    const struct home *home, struct sealed sealed, struct span label, struct buf *out)
{
    struct ring ring;
    bool good = false;
    for (bool again = false; !good && get_ring(home, again, &ring); again = true)
        good = unseal(&ring, sealed, label, out);
    forget(&ring);
    return good ? ERR_OK : ERR_DENIED;
}

/* Writing the file. */

static enum err write_ring(const struct home *home, const struct ring *ring)
{
    char path[PATH_MAX];
    uint8_t bytes[KEYRING_MAX * KEYRING_KEY];
    home_path(home, FILE_NAME, path);
    for (size_t i = 0; i < ring->count; i++)
        memcpy(bytes + i * KEYRING_KEY, ring->keys[i].bytes, KEYRING_KEY);
    mode_t old = umask(007);
    bool good = durable_write(path, FILE_MODE, span_of(bytes, ring->count * KEYRING_KEY));
    umask(old);
    if (!good)
        log_errno("cannot write %s", path);
    crypto_clear(bytes, sizeof bytes);
    return good ? ERR_OK : ERR_IO;
}

/* Puts a new key before the others. */
static enum err add_key(const struct home *home, struct ring *ring)
{
    ring->keys[1] = ring->keys[0];
    random_bytes(ring->keys[0].bytes, KEYRING_KEY);
    ring->keys[0].id = id_of(ring->keys[0].bytes);
    ring->count++;
    return write_ring(home, ring);
}

enum err keyring_create(const struct home *home)
{
    char path[PATH_MAX];
    struct ring ring = {.count = 0};
    home_path(home, FILE_NAME, path);
    int hold = home_hold(home);
    enum err err = access(path, F_OK) == 0 ? read_ring(home, &ring) : add_key(home, &ring);
    forget(&ring);
    if (hold >= 0)
        close(hold);
    return err;
}

enum err keyring_add(const struct home *home, uint64_t *ret_key)
{
    struct ring ring;
    enum err err = read_ring(home, &ring);
    if (!err && ring.count < KEYRING_MAX)
        err = add_key(home, &ring);
    *ret_key = ring.keys[0].id;
    forget(&ring);
    return err;
}

enum err keyring_drop(const struct home *home)
{
    struct ring ring;
    enum err err = read_ring(home, &ring);
    if (!err && ring.count > 1) {
        ring.count = 1;
        err = write_ring(home, &ring);
    }
    forget(&ring);
    return err;
}
