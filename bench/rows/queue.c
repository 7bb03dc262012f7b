/* Rows 9c to 9e: a queue without a limit.
 *
 *     stream PRODUCERS CONSUMERS   items got, M/s
 *     pingpong                     an item goes to and fro between two threads, by two queues, round trips, k/s */
#include "stream.h"

static peer_queue_t *ping, *pong;

static void *answer(void *unused)
{
    for (;;) {
        void *item = peer_queue_get(ping);
        if (item == NULL) {
            return unused;
        }
        peer_queue_put(pong, item);
    }
}

static int pingpong(void)
{
    double kilo_rounds;
    pthread_t other;
    static int ball;
    ping = peer_queue_new();
    pong = peer_queue_new();
    other = thread_start(answer, NULL);
    phases_start();
    KILO_ROUNDS(kilo_rounds, peer_queue_put(ping, &ball); MUST(peer_queue_get(pong) != &ball));
    peer_queue_put(ping, NULL);
    pthread_join(other, NULL);
    return report(PEER_QUEUE, kilo_rounds);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    if (measures(argv, "stream")) {
        return stream(PEER_QUEUE, peer_queue_new(), number(argc, argv, 0), number(argc, argv, 1));
    }
    if (measures(argv, "pingpong")) {
        return pingpong();
    }
    die("measurements: stream, pingpong");
}
