/* Row 6: events.
 *
 *     oneway     from set in one thread to the return of wait in another, ns
 *     wait_set   wait on an event that is set, ns */
#include "bench.h"
#include PEER

/* Two events for each direction, used in turn: the one just waited for is cleared after the answer was
 * sent, while the other thread works, so that clearing is no part of the way. The next set of that event
 * comes two ways later at the earliest, and by then it is clear. */
static peer_event_t *there[2], *back[2];
static bool last_round;

static void *answer(void *unused)
{
    for (int i = 0;; i ^= 1) {
        peer_event_wait(there[i]);
        if (last_round) {
            return unused;
        }
        peer_event_set(back[i]);
        peer_event_clear(there[i]);
    }
}

static int oneway(void)
{
    double kilo_rounds;
    pthread_t other;
    int i = 0;
    for (int e = 0; e < 2; e++) {
        there[e] = peer_event_new();
        back[e] = peer_event_new();
    }
    other = thread_start(answer, NULL);
    phases_start();
    peer_event_set(there[0]);
    KILO_ROUNDS(kilo_rounds, {
        peer_event_wait(back[i]);
        peer_event_set(there[i ^ 1]);
        peer_event_clear(back[i]);
        i ^= 1;
    });
    peer_event_wait(back[i]);
    last_round = true;
    peer_event_set(there[i ^ 1]);
    pthread_join(other, NULL);
    return report(PEER_EVENT, 1e6 / kilo_rounds / 2);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    if (measures(argv, "oneway")) {
        return oneway();
    }
    if (measures(argv, "wait_set")) {
        peer_event_t *event = peer_event_new();
        double ns;
        peer_event_set(event);
        phases_start();
        NS_EACH(ns, peer_event_wait(event));
        return report(PEER_EVENT, ns);
    }
    die("measurements: oneway, wait_set");
}
