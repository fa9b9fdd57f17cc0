#define _GNU_SOURCE
#include "CKernels.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

// Between the jobs of a pass, which follow each other within microseconds, workers spin for a bounded time and then
// sleep; so does the caller that waits for the last of them. A job is over when its tasks are done and nobody is inside:
// a worker that the system has put aside is not waited for unless it holds a task, so a busy neighbour costs its share
// and no more.

/// Bits of `state`: how many workers are inside the job, whether it takes more, and its number.
enum { INSIDE = 0xFFFF, OPEN = 0x10000, NUMBER = 0x20000 };

struct medmoe_thread_pool {
    _Atomic uint32_t state;
    _Atomic int sleepers;       // workers that have to be woken
    _Atomic bool caller_sleeps;
    _Atomic bool parked;        // workers sleep at once between jobs
    _Atomic bool stopping;
    _Atomic ptrdiff_t next;
    ptrdiff_t count;
    medmoe_task task;
    void *context;
    int64_t spin_nanoseconds;

    pthread_mutex_t mutex;
    pthread_cond_t work;        // a new job, or the end
    pthread_cond_t done;        // the last worker left
    pthread_t *threads;
    int workers;                // threads besides the caller
};

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/// Whether a job takes workers that has not been seen yet.
static bool is_news(uint32_t state, uint32_t seen) {
    return (state & OPEN) && (state & ~(uint32_t)(INSIDE | OPEN)) != seen;
}

static void work_through(medmoe_thread_pool *pool) {
    for (;;) {
        const ptrdiff_t index = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
        if (index >= pool->count) return;
        pool->task(pool->context, index);
    }
}

/// Waits for a job or the end; spins first.
static void wait_for_news(medmoe_thread_pool *pool, uint32_t seen) {
    int64_t start = 0;
    for (int round = 1; !atomic_load_explicit(&pool->parked, memory_order_relaxed); round++) {
        if (is_news(atomic_load_explicit(&pool->state, memory_order_acquire), seen)) return;
        relax();
        if (round % 64 != 0) continue;
        const int64_t now = nanoseconds();
        if (start == 0) start = now;
        if (now - start > pool->spin_nanoseconds) break;
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (!atomic_load(&pool->stopping) && !is_news(atomic_load(&pool->state), seen))
        pthread_cond_wait(&pool->work, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
}

static void *worker_main(void *argument) {
    medmoe_thread_pool *pool = argument;
    uint32_t seen = 0;
    while (!atomic_load(&pool->stopping)) {
        uint32_t state = atomic_load_explicit(&pool->state, memory_order_acquire);
        if (!is_news(state, seen)) {
            wait_for_news(pool, seen);
            continue;
        }
        if (!atomic_compare_exchange_weak(&pool->state, &state, state + 1)) continue;
        seen = state & ~(uint32_t)(INSIDE | OPEN);
        work_through(pool);
        state = atomic_fetch_sub(&pool->state, 1) - 1;
        if ((state & (INSIDE | OPEN)) == 0 && atomic_load(&pool->caller_sleeps)) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->mutex);
        }
    }
    return NULL;
}

#if defined(__linux__)
static cpu_set_t set_of(const int *cores, int core_count) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < core_count; i++)
        if (cores[i] >= 0 && cores[i] < CPU_SETSIZE) CPU_SET(cores[i], &set);
    return set;
}
#endif

int medmoe_usable_cores(int *cores, int most) {
    int count = 0;
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
    for (int core = 0; core < CPU_SETSIZE && count < most; core++)
        if (CPU_ISSET(core, &set)) cores[count++] = core;
#else
    (void)cores;
    (void)most;
#endif
    return count;
}

int medmoe_current_core(void) {
#if defined(__linux__)
    return sched_getcpu();
#else
    return -1;
#endif
}

int medmoe_stay_on(const int *cores, int core_count) {
#if defined(__linux__)
    const cpu_set_t set = set_of(cores, core_count);
    return pthread_setaffinity_np(pthread_self(), sizeof set, &set);
#else
    (void)cores;
    (void)core_count;
    return 0;
#endif
}

medmoe_thread_pool *medmoe_thread_pool_create(int threads, int64_t spin_nanoseconds, const int *cores, int core_count) {
    medmoe_thread_pool *pool = calloc(1, sizeof *pool);
    if (!pool) return NULL;
    pool->spin_nanoseconds = spin_nanoseconds;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->done, NULL);
    const int wanted = threads > 1 ? threads - 1 : 0;
    pool->threads = calloc((size_t)(wanted > 0 ? wanted : 1), sizeof *pool->threads);
    if (!pool->threads) {
        medmoe_thread_pool_destroy(pool);
        return NULL;
    }
    for (int i = 0; i < wanted; i++) {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
#if defined(__linux__)
        if (core_count > 0) {
            const cpu_set_t set = set_of(cores, core_count);
            pthread_attr_setaffinity_np(&attributes, sizeof set, &set);
        }
#endif
        const int failed = pthread_create(&pool->threads[i], &attributes, worker_main, pool);
        pthread_attr_destroy(&attributes);
        if (failed) {
            medmoe_thread_pool_destroy(pool);
            return NULL;
        }
        pool->workers++;
    }
    return pool;
}

void medmoe_thread_pool_destroy(medmoe_thread_pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->stopping, true);
    atomic_store(&pool->parked, true);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 0; i < pool->workers; i++) pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->threads);
    free(pool);
}

void medmoe_thread_pool_park(medmoe_thread_pool *pool) { atomic_store(&pool->parked, true); }

/// Waits until the last worker has left the closed job; spins first.
static void wait_until_empty(medmoe_thread_pool *pool) {
    int64_t start = 0;
    for (int round = 1;; round++) {
        if ((atomic_load_explicit(&pool->state, memory_order_acquire) & INSIDE) == 0) return;
        relax();
        if (round % 64 != 0) continue;
        const int64_t now = nanoseconds();
        if (start == 0) start = now;
        if (now - start > pool->spin_nanoseconds) break;
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->caller_sleeps, true);
    while (atomic_load(&pool->state) & INSIDE) pthread_cond_wait(&pool->done, &pool->mutex);
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->mutex);
}

void medmoe_thread_pool_run(medmoe_thread_pool *pool, ptrdiff_t count, medmoe_task task, void *context) {
    if (count <= 0) return;
    if (pool->workers == 0 || count == 1) {
        for (ptrdiff_t i = 0; i < count; i++) task(context, i);
        return;
    }
    pool->count = count;
    pool->task = task;
    pool->context = context;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    atomic_store(&pool->parked, false);
    // Nobody is inside a closed job, so its fields could be changed and its number goes up by one.
    const uint32_t last = atomic_load_explicit(&pool->state, memory_order_relaxed);
    atomic_store(&pool->state, (last + NUMBER) | OPEN);
    if (atomic_load(&pool->sleepers) > 0) {
        pthread_mutex_lock(&pool->mutex);
        pthread_cond_broadcast(&pool->work);
        pthread_mutex_unlock(&pool->mutex);
    }
    work_through(pool);
    atomic_fetch_and(&pool->state, ~(uint32_t)OPEN);
    wait_until_empty(pool);
}
