/* Rows 1 and 2: a lock that nobody else wants, and one that several threads want.
 *
 *     pair                               acquire and release, ns
 *     contended THREADS INSIDE OUTSIDE   pairs of all threads together, M/s, with so many ns of work under
 *                                        the lock and between; and fairness: the least lucky thread's rate as a
 *                                        share of the luckiest one's */
#include "bench.h"
#include PEER

static peer_lock_t *lock;
static uint64_t inside, outside;
static uint64_t guarded OWN_LINES;

static struct {
    uint64_t all, measured;
    double seconds;
} counts[MAX_THREADS] OWN_LINES;

/* `bare` is a constant at each call, so that a bare increment is nothing but that. */
static inline __attribute__((always_inline)) void turn(bool bare)
{
    peer_lock_acquire(lock);
    guarded++;
    if (!bare) {
        work(inside);
    }
    peer_lock_release(lock);
    if (!bare) {
        work(outside);
    }
}

static inline __attribute__((always_inline)) void contend(int self, bool bare)
{
    uint64_t before = 0, measured = 0, begin;
    if (self == 0) {
        phases_start();
    }
    while (phase() == WARM_UP) {
        turn(bare);
        before++;
    }
    begin = now_ns();
    do {
        turn(bare);
        measured++;
    } while (phase() == MEASURE);
    counts[self].seconds = (double)(now_ns() - begin) / 1e9;
    counts[self].measured = measured;
    counts[self].all = before + measured;
}

static void contender(int self)
{
    contend(self, false);
}

static void bare_contender(int self)
{
    contend(self, true);
}

static int contended(int threads, int inside_ns, int outside_ns)
{
    uint64_t all = 0;
    double millions = 0, least = 0, most = 0;
    inside = work_steps(inside_ns);
    outside = work_steps(outside_ns);
    team_run(threads, inside || outside ? contender : bare_contender);
    for (int i = 0; i < threads; i++) {
        double rate = (double)counts[i].measured / counts[i].seconds / 1e6;
        all += counts[i].all;
        millions += rate;
        least = i == 0 || rate < least ? rate : least;
        most = rate > most ? rate : most;
    }
    if (all != guarded) {
        die("two threads were in the lock at once");
    }
    printf("{\"of\": \"%s\", \"value\": %.6g, \"fairness\": %.3f}\n", PEER_LOCK, millions, least / most);
    return 0;
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    lock = peer_lock_new();
    if (measures(argv, "pair")) {
        double ns;
        phases_start();
        NS_EACH(ns, peer_lock_acquire(lock); peer_lock_release(lock));
        return report(PEER_LOCK, ns);
    }
    if (measures(argv, "contended")) {
        return contended(number(argc, argv, 0), number(argc, argv, 1), number(argc, argv, 2));
    }
    die("measurements: pair, contended");
}
