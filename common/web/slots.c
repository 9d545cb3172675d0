/* slots - see slots.h. */
#include "web/slots.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "base/log.h"

#define THREAD_STACK_BYTES (512 * 1024)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t slot_given = PTHREAD_COND_INITIALIZER;
static pthread_cond_t thread_ended = PTHREAD_COND_INITIALIZER;
static int free_slots[SLOTS_MAX], free_count; /* the slots that no thread has */
static int64_t threads, threads_most, waiting;
static bool closing;
static void (*run)(void);
static _Thread_local int mine = -1;

static void *thread_main(void *unused)
{
    (void)unused;
    run();
    pthread_mutex_lock(&lock);
    threads--;
    pthread_cond_signal(&thread_ended);
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* Called with the lock held. False when the system has no room for another thread. */
static bool start_thread(void)
{
    pthread_t thread;
    pthread_attr_t attr;
    if (threads >= threads_most)
        return true;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
    errno = pthread_create(&thread, &attr, thread_main, NULL);
    if (errno)
        log_errno("cannot start a thread; trying again");
    else
        threads++;
    pthread_attr_destroy(&attr);
    return !errno;
}

/*
 * A free slot for which no thread waits is lacking one. A thread that is just about to wait is not
 * known of: then one is started too many, and waits.
 */
bool slots_start(void)
{
    pthread_mutex_lock(&lock);
    bool good = true;
    for (int i = (int)waiting; i < free_count && good && !closing; i++)
        good = start_thread();
    pthread_mutex_unlock(&lock);
    return good;
}

void slots_open(int count, int64_t most, void (*serve)(void))
{
    assert(count <= SLOTS_MAX);
    run = serve;
    threads_most = most;
    pthread_mutex_lock(&lock);
    for (int slot = 0; slot < count; slot++) {
        free_slots[free_count++] = slot;
        if (!start_thread())
            kill(getpid(), SLOTS_LACKING);
    }
    pthread_mutex_unlock(&lock);
}

int slots_mine(void)
{
    return mine;
}

bool slots_take(void)
{
    pthread_mutex_lock(&lock);
    waiting++;
    while (!free_count && !closing)
        pthread_cond_wait(&slot_given, &lock);
    waiting--;
    mine = free_count ? free_slots[--free_count] : -1;
    pthread_mutex_unlock(&lock);
    return mine >= 0;
}

void slots_give(void)
{
    pthread_mutex_lock(&lock);
    free_slots[free_count++] = mine;
    mine = -1;
    if (waiting)
        pthread_cond_signal(&slot_given);
    else if (!closing && !start_thread())
        kill(getpid(), SLOTS_LACKING);
    pthread_mutex_unlock(&lock);
}

void slots_close(void)
{
    pthread_mutex_lock(&lock);
    closing = true;
    pthread_cond_broadcast(&slot_given);
    while (threads)
        pthread_cond_wait(&thread_ended, &lock);
    pthread_mutex_unlock(&lock);
}
