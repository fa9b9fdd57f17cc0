#include "CKernels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

// Workers sleep on a condition between jobs: no spinning, so a busy neighbour costs its share and no more.
struct medmoe_thread_pool {
    pthread_mutex_t mutex;
    pthread_cond_t work;      // a new job, or the end
    pthread_cond_t done;      // the last worker left the job
    pthread_t *threads;
    int workers;              // threads besides the caller
    int active;               // workers still inside the current job
    uint64_t generation;      // counts jobs, so that a worker joins each one once
    bool stopping;

    ptrdiff_t count;
    medmoe_task task;
    void *context;
    _Atomic ptrdiff_t next;
};

static void work_through(medmoe_thread_pool *pool) {
    for (;;) {
        ptrdiff_t index = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
        if (index >= pool->count) return;
        pool->task(pool->context, index);
    }
}

static void *worker_main(void *argument) {
    medmoe_thread_pool *pool = argument;
    uint64_t seen = 0;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (!pool->stopping && pool->generation == seen) pthread_cond_wait(&pool->work, &pool->mutex);
        if (pool->stopping) break;
        seen = pool->generation;
        pthread_mutex_unlock(&pool->mutex);
        work_through(pool);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->active == 0) pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

medmoe_thread_pool *medmoe_thread_pool_create(int threads) {
    medmoe_thread_pool *pool = calloc(1, sizeof *pool);
    if (!pool) return NULL;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->done, NULL);
    int wanted = threads > 1 ? threads - 1 : 0;
    pool->threads = calloc((size_t)(wanted > 0 ? wanted : 1), sizeof *pool->threads);
    if (!pool->threads) {
        medmoe_thread_pool_destroy(pool);
        return NULL;
    }
    for (int i = 0; i < wanted; i++) {
        if (pthread_create(&pool->threads[i], NULL, worker_main, pool) != 0) {
            medmoe_thread_pool_destroy(pool);
            return NULL;
        }
        pool->workers++;
    }
    return pool;
}

void medmoe_thread_pool_destroy(medmoe_thread_pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 0; i < pool->workers; i++) pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->threads);
    free(pool);
}

void medmoe_thread_pool_run(medmoe_thread_pool *pool, ptrdiff_t count, medmoe_task task, void *context) {
    if (count <= 0) return;
    if (pool->workers == 0 || count == 1) {
        for (ptrdiff_t i = 0; i < count; i++) task(context, i);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->count = count;
    pool->task = task;
    pool->context = context;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    pool->active = pool->workers;
    pool->generation++;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    work_through(pool);
    pthread_mutex_lock(&pool->mutex);
    while (pool->active > 0) pthread_cond_wait(&pool->done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}
