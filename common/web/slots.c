/* slots - see slots.h. */
#include "web/slots.h"

#include <assert.h>
#include <pthread.h>

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

/* Called with the lock held. */
static void start_thread(void)
{
    pthread_t thread;
    pthread_attr_t attr;
    if (threads >= threads_most)
        return;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
    if (pthread_create(&thread, &attr, thread_main, NULL) == 0)
        threads++;
    else
        log_errno("cannot start a thread");
    pthread_attr_destroy(&attr);
}

void slots_open(int count, int64_t most, void (*serve)(void))
{
    assert(count <= SLOTS_MAX);
    run = serve;
    threads_most = most;
    pthread_mutex_lock(&lock);
    for (int slot = 0; slot < count; slot++) {
        free_slots[free_count++] = slot;
        start_thread();
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
    else if (!closing)
        start_thread();
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
