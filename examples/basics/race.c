/* A race, and the lock that ends it: two threads each pay in a thousand times. */
#include "must.h"

#define TIMES 1000

static pirn_lock_t *lock;
static int balance;

static int read_balance(void)
{
    must(pirn_lock_acquire(lock));
    int now = balance;
    must(pirn_lock_release(lock));
    return now;
}

static void write_balance(int now)
{
    must(pirn_lock_acquire(lock));
    balance = now;
    must(pirn_lock_release(lock));
}

/* Wrong: each access is locked, but what the other thread pays in between the two is overwritten. */
static int32_t pay_in_pieces(void *unused)
{
    (void)unused;
    for (int i = 0; i < TIMES; i++)
        write_balance(read_balance() + 1);
    return 0;
}

/* Right: reading and writing are one step. */
static int32_t pay_at_once(void *unused)
{
    (void)unused;
    for (int i = 0; i < TIMES; i++) {
        must(pirn_lock_acquire(lock));
        balance = balance + 1;
        must(pirn_lock_release(lock));
    }
    return 0;
}

static int by_two(pirn_target_fn pay)
{
    pirn_thread_t *threads[2];

    balance = 0;
    for (int i = 0; i < 2; i++) {
        must(pirn_thread_new(pay, NULL, NULL, &threads[i]));
        must(pirn_thread_start(threads[i]));
    }
    for (int i = 0; i < 2; i++) {
        must(pirn_thread_join(threads[i]));
        must(pirn_thread_free(threads[i]));
    }
    return balance;
}

int main(void)
{
    must(pirn_lock_new(&lock));
    printf("in pieces: %d of %d\n", by_two(pay_in_pieces), 2 * TIMES);      /* often less */
    printf("at once: %d of %d\n", by_two(pay_at_once), 2 * TIMES);
    must(pirn_lock_free(lock));
    return 0;
}
