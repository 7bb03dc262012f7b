/*
 * Writes a trace of what its threads do, to be looked at with https://ui.perfetto.dev or chrome://tracing.
 * What there is to see is a print shop: a desk takes orders and puts them into a short queue; two printers
 * take them out. They share one press, which a lock guards; the pages of an order are set in parallel, as
 * tasks of an executor. One order has a page that cannot be set.
 *
 * trace [FILE]: the trace goes to FILE, or trace.json.
 */
#include <pirn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "trace/chrome.h"

enum { ORDERS = 12, PAGES = 3, PRINTERS = 2, SETTERS = 2, QUEUE_SIZE = 2, UNREADABLE = 7 };

static pirn_queue_t *orders;
static pirn_lock_t *press;
static pirn_executor_t *setters;
static int numbers[ORDERS];
static int printed, spoiled; /* guarded by press */

static void check(pirn_status_t status)
{
    if (status != PIRN_OK) {
        fprintf(stderr, "trace: %s\n", pirn_last_error());
        exit(1);
    }
}

/* Takes about a millisecond. */
static int count_primes(int below)
{
    int count = 0;
    for (int n = 2; n < below; n++) {
        bool is_prime = true;
        for (int d = 2; is_prime && d * d <= n; d++)
            is_prime = n % d != 0;
        count += is_prime;
    }
    return count;
}

static int32_t set_page(void *order, void **result)
{
    int number = *(int *)order;

    *result = order;
    if (count_primes(20000) != 2262 || number == UNREADABLE)
        return pirn_raise(1, "cannot be read");
    return 0;
}

static void print_order(int *order)
{
    pirn_future_t *pages[PAGES];
    bool is_good = true;

    check(pirn_lock_acquire(press));
    for (int i = 0; i < PAGES; i++)
        check(pirn_executor_submit(setters, set_page, order, NULL, &pages[i]));
    for (int i = 0; i < PAGES; i++) {
        is_good = pirn_future_result(pages[i], NULL) == PIRN_OK && is_good;
        check(pirn_future_free(pages[i]));
    }
    is_good ? printed++ : spoiled++;
    check(pirn_lock_release(press));
}

static int32_t printer(void *unused)
{
    void *order;

    (void)unused;
    while (pirn_queue_get(orders, &order) == PIRN_OK)
        print_order(order);
    return 0; /* the queue was shut down and is empty */
}

static int32_t desk(void *unused)
{
    (void)unused;
    for (int i = 0; i < ORDERS; i++) {
        numbers[i] = i;
        check(pirn_queue_put(orders, &numbers[i]));
    }
    check(pirn_queue_shutdown(orders, false));
    return 0;
}

static pirn_thread_t *start(const char *name, pirn_target_fn target)
{
    pirn_thread_t *thread;

    check(pirn_thread_new(target, NULL, NULL, &thread));
    check(pirn_thread_set_name(thread, name));
    chrome_name(thread, name);
    check(pirn_thread_start(thread));
    return thread;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"desk", "printer 1", "printer 2"};
    const char *path = argc > 1 ? argv[1] : "trace.json";
    pirn_thread_t *threads[1 + PRINTERS];
    FILE *file = fopen(path, "w");

    if (!file) {
        perror(path);
        return 1;
    }
    chrome_begin(file);

    check(pirn_queue_new(QUEUE_SIZE, &orders));
    check(pirn_lock_new(&press));
    check(pirn_executor_new(SETTERS, &setters));
    check(pirn_executor_set_thread_name_prefix(setters, "setter"));
    chrome_name(orders, "orders");
    chrome_name(press, "press");
    chrome_name(setters, "setters");

    for (int i = 0; i < 1 + PRINTERS; i++)
        threads[i] = start(names[i], i == 0 ? desk : printer);
    for (int i = 0; i < 1 + PRINTERS; i++) {
        check(pirn_thread_join(threads[i]));
        check(pirn_thread_free(threads[i]));
    }
    check(pirn_executor_free(setters));
    check(pirn_lock_free(press));
    check(pirn_queue_free(orders));

    size_t events = chrome_end();
    if (ferror(file) || fclose(file) != 0) {
        perror(path);
        return 1;
    }
    printf("%d orders printed, %d spoiled\n", printed, spoiled);
    printf("%s: %zu events; open it with https://ui.perfetto.dev or chrome://tracing\n", path, events);
    return 0;
}
