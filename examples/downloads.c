/* Downloads on a pool of threads, with a time limit for all of them. When it has passed, those that have not started are
 * cancelled; those that are under way are told to stop, since no thread can be stopped from outside: their connections are
 * shut down, so that their reads end.
 *
 *     downloads [SECONDS]
 *
 * The server is a thread of this program, at the other end of local sockets; every fourth file never gets there whole. */
#define _POSIX_C_SOURCE 200809L

#include <pirn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FILES = 16, WORKERS = 3 };

struct download {
    int file, server; /* the sockets: the downloading end is `client` */
    int client;
    size_t bytes;
};

static pirn_queue_t *connections;

static void check(pirn_status_t status)
{
    if (status != PIRN_OK) {
        fprintf(stderr, "downloads: %s\n", pirn_last_error());
        exit(1);
    }
}

static int32_t serve(void *arg)
{
    static const char content[1000];
    void *item;

    (void)arg;
    while (pirn_queue_get(connections, &item) == PIRN_OK) {
        const struct download *download = item;
        bool stalls = download->file % 4 == 3;
        size_t size = stalls ? sizeof content / 2 : sizeof content;
        if (write(download->server, content, size) != (ssize_t)size)
            return pirn_raise(1, "the server cannot write");
        if (!stalls)
            shutdown(download->server, SHUT_WR);
    }
    return 0;
}

/* The task. The result is the number of bytes. */
static int32_t fetch(void *arg, void **result)
{
    struct download *download = arg;
    char buffer[256];
    ssize_t got;

    if (pirn_queue_put(connections, download) != PIRN_OK)
        return pirn_raise(1, "no server");
    while ((got = read(download->client, buffer, sizeof buffer)) > 0)
        download->bytes += (size_t)got;
    if (download->bytes < 1000)
        return pirn_raise(2, "the connection was shut down half way");
    *result = &download->bytes;
    return 0;
}

static void print_outcome(const struct download *download, pirn_future_t *future)
{
    void *bytes;

    printf("file %d: ", download->file);
    switch (pirn_future_result(future, &bytes)) {
    case PIRN_OK:
        printf("%zu bytes\n", *(size_t *)bytes);
        break;
    case PIRN_ERR_CANCELLED:
        printf("never started\n");
        break;
    default:
        printf("failed: %s\n", pirn_last_error());
    }
}

int main(int argc, char **argv)
{
    double limit = argc > 1 ? atof(argv[1]) : 1.0;
    struct download downloads[FILES];
    pirn_future_t *futures[FILES];
    pirn_executor_t *pool;
    pirn_thread_t *server;
    pirn_status_t waited;

    check(pirn_queue_new(0, &connections));
    check(pirn_thread_new(serve, NULL, NULL, &server));
    check(pirn_thread_start(server));
    check(pirn_executor_new(WORKERS, &pool));
    for (int i = 0; i < FILES; i++) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
            perror("downloads: socketpair");
            return 1;
        }
        downloads[i] = (struct download){ .file = i, .client = ends[0], .server = ends[1], .bytes = 0 };
        check(pirn_executor_submit(pool, fetch, &downloads[i], NULL, &futures[i]));
    }

    waited = pirn_wait(futures, FILES, PIRN_ALL_COMPLETED, limit, NULL, NULL);
    if (waited == PIRN_TIMED_OUT) {
        for (int i = FILES - 1; i >= 0; i--) { /* the last first: a worker that gets free finds nothing to start */
            bool cancelled;
            check(pirn_future_cancel(futures[i], &cancelled));
            if (!cancelled)
                shutdown(downloads[i].client, SHUT_RDWR);
        }
    } else {
        check(waited);
    }
    for (int i = 0; i < FILES; i++) {
        print_outcome(&downloads[i], futures[i]);
        check(pirn_future_free(futures[i]));
    }
    check(pirn_executor_free(pool));
    check(pirn_queue_shutdown(connections, false));
    check(pirn_thread_join(server));
    check(pirn_thread_free(server));
    check(pirn_queue_free(connections));
    for (int i = 0; i < FILES; i++) {
        close(downloads[i].client);
        close(downloads[i].server);
    }
    return 0;
}
