/* Rows 9a, 9b: a queue that holds so many items at most.
 *
 *     stream SIZE PRODUCERS CONSUMERS   items got, M/s */
#include "stream.h"

int main(int argc, char **argv)
{
    begin(argc, argv);
    if (measures(argv, "stream")) {
        peer_queue_t *bounded = peer_bounded_new(number(argc, argv, 0));
        return stream(PEER_BOUNDED, bounded, number(argc, argv, 1), number(argc, argv, 2));
    }
    die("measurements: stream");
}
