/* Row 3: a recursive lock that nobody else wants.
 *
 *     pair     acquire and release, ns
 *     depth2   two acquires and two releases, ns: what it adds to a pair is the price of an inner level */
#include "bench.h"
#include PEER

int main(int argc, char **argv)
{
    peer_rlock_t *rlock;
    double ns;
    begin(argc, argv);
    rlock = peer_rlock_new();
    phases_start();
    if (measures(argv, "pair")) {
        NS_EACH(ns, peer_rlock_acquire(rlock); peer_rlock_release(rlock));
        return report(PEER_RLOCK, ns);
    }
    if (measures(argv, "depth2")) {
        NS_EACH(ns, peer_rlock_acquire(rlock); peer_rlock_acquire(rlock); peer_rlock_release(rlock);
                peer_rlock_release(rlock));
        return report(PEER_RLOCK, ns);
    }
    die("measurements: pair, depth2");
}
