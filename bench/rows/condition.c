/* Row 5: conditions, each with its lock.
 *
 *     pingpong BUSY   two threads pass the turn to and fro, waiting for it on one condition, round trips,
 *                     k/s; with BUSY 1 while every core is wanted by another thread too
 *     notify          notify with the lock held and nobody waiting, ns */
#include "bench.h"
#include PEER

static peer_condition_t *condition;

/* Guarded by the condition's lock. */
static struct {
    int whose;
    bool last_round;
} turn OWN_LINES;

static inline void pass_turn(int self)
{
    peer_condition_acquire(condition);
    turn.whose = 1 - self;
    peer_condition_notify(condition);
    peer_condition_release(condition);
}

static inline void await_turn(int self)
{
    peer_condition_acquire(condition);
    while (turn.whose != self) {
        peer_condition_wait(condition);
    }
    peer_condition_release(condition);
}

static void *answer(void *unused)
{
    for (;;) {
        await_turn(1);
        /* It is this thread's turn, so nobody writes. */
        if (turn.last_round) {
            return unused;
        }
        pass_turn(1);
    }
}

static int pingpong(bool busy)
{
    double kilo_rounds;
    pthread_t other;
    if (busy) {
        oversubscribe();
    }
    other = thread_start(answer, NULL);
    phases_start();
    KILO_ROUNDS(kilo_rounds, pass_turn(0); await_turn(0));
    turn.last_round = true;
    pass_turn(0);
    pthread_join(other, NULL);
    return report(PEER_CONDITION, kilo_rounds);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    condition = peer_condition_new();
    if (measures(argv, "pingpong")) {
        return pingpong(number(argc, argv, 0) != 0);
    }
    if (measures(argv, "notify")) {
        double ns;
        phases_start();
        peer_condition_acquire(condition);
        NS_EACH(ns, peer_condition_notify(condition));
        peer_condition_release(condition);
        return report(PEER_CONDITION, ns);
    }
    die("measurements: pingpong, notify");
}
