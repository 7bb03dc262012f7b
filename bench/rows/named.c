/* Row 12, by name.
 *
 *     get ATTRIBUTES   the calling thread's value of one of so many attributes, ns */
#include "bench.h"
#include PEER

#define LOOK(value) __asm__ volatile("" : : "r"(value) : "memory")

int main(int argc, char **argv)
{
    begin(argc, argv);
    if (measures(argv, "get")) {
        static char values[64];
        char name[32];
        double ns;
        int attributes = number(argc, argv, 0);
        peer_local_t *local = peer_local_new();
        for (int i = 0; i < attributes && i < (int)sizeof values; i++) {
            snprintf(name, sizeof name, "attribute_%d", i);
            peer_local_set_named(local, name, &values[i]);
        }
        snprintf(name, sizeof name, "attribute_%d", attributes / 2);
        phases_start();
        NS_EACH(ns, LOOK(peer_local_get_named(local, name)));
        MUST(peer_local_get_named(local, name) != &values[attributes / 2]);
        return report(PEER_NAMED, ns);
    }
    die("measurements: get");
}
