/* Row 4: semaphores.
 *
 *     pair            acquire and release of one that has a unit to give, ns
 *     pingpong BUSY   two threads pass the turn to and fro by two semaphores, round trips, k/s; with BUSY 1
 *                     while every core is wanted by another thread too */
#include "bench.h"
#include PEER

static peer_semaphore_t *ping, *pong;
static bool last_round;

static void *answer(void *unused)
{
    for (;;) {
        peer_semaphore_acquire(ping);
        if (last_round) {
            return unused;
        }
        peer_semaphore_release(pong);
    }
}

static int pingpong(bool busy)
{
    double kilo_rounds;
    pthread_t other;
    ping = peer_semaphore_new(0);
    pong = peer_semaphore_new(0);
    if (busy) {
        oversubscribe();
    }
    other = thread_start(answer, NULL);
    phases_start();
    KILO_ROUNDS(kilo_rounds, peer_semaphore_release(ping); peer_semaphore_acquire(pong));
    last_round = true;
    peer_semaphore_release(ping);
    pthread_join(other, NULL);
    return report(PEER_SEMAPHORE, kilo_rounds);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    if (measures(argv, "pair")) {
        peer_semaphore_t *semaphore = peer_semaphore_new(1);
        double ns;
        phases_start();
        NS_EACH(ns, peer_semaphore_acquire(semaphore); peer_semaphore_release(semaphore));
        return report(PEER_SEMAPHORE, ns);
    }
    if (measures(argv, "pingpong")) {
        return pingpong(number(argc, argv, 0) != 0);
    }
    die("measurements: pair, pingpong");
}
