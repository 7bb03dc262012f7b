/* Row 12: thread-local data.
 *
 *     get   the calling thread's value, ns */
#include "bench.h"
#include PEER

/* The compiler may neither leave a look out nor move it out of the loop. */
#define LOOK(value) __asm__ volatile("" : : "r"(value) : "memory")

int main(int argc, char **argv)
{
    begin(argc, argv);
    if (measures(argv, "get")) {
        static char value;
        double ns;
        peer_local_t *local = peer_local_new();
        peer_local_set(local, &value);
        phases_start();
        NS_EACH(ns, LOOK(peer_local_get(local)));
        MUST(peer_local_get(local) != &value);
        return report(PEER_LOCAL, ns);
    }
    die("measurements: get");
}
