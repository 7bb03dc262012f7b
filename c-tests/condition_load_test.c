/* Conditions under load. */
#include "condition.h"
#include "storm.h"

typedef struct market {
    pirn_condition_t *not_empty, *not_full;
    int held, most;
    int64_t put, taken, each;
    bool storm;
} market_t;

static bool has_room(void *arg)
{
    market_t *market = arg;
    return market->held < market->most;
}

static bool has_goods(void *arg)
{
    return ((market_t *)arg)->held > 0;
}

static void trade(void *element)
{
    static int arrivals;
    market_t *market = *(market_t **)element;
    bool sells = ADD(arrivals, 1) % 2;
    join_storm();
    for (int64_t i = 0; i < market->each;) {
        pirn_condition_t *mine = sells ? market->not_full : market->not_empty;
        pirn_condition_t *theirs = sells ? market->not_empty : market->not_full;
        pirn_predicate_fn ready = sells ? has_room : has_goods;
        double start = now(), seconds = 1e-6 * (double)(i % 64);
        CHECK_OK(pirn_condition_acquire(mine));
        pirn_status_t status = i % 2 ? pirn_condition_wait_for(mine, ready, market)
                                     : pirn_condition_wait_for_timeout(mine, ready, market, seconds);
        CHECK(status == PIRN_OK || (status == PIRN_TIMED_OUT && now() - start >= seconds));
        if (status == PIRN_OK) {
            CHECK(ready(market));
            market->held += sells ? 1 : -1;
            *(sells ? &market->put : &market->taken) += 1;
            CHECK_OK(pirn_condition_notify(theirs, 1));
            i++;
        }
        CHECK_OK(pirn_condition_release(mine));
    }
    leave_storm();
}

static void check_market(int threads, int64_t each)
{
    pirn_rlock_t *rlock;
    market_t market = {.most = 3, .each = each};
    market_t **elements = calloc((size_t)threads, sizeof *elements);
    CHECK_OK(pirn_rlock_new(&rlock));
    CHECK_OK(pirn_condition_new_with_rlock(rlock, &market.not_empty));
    CHECK_OK(pirn_condition_new_with_rlock(rlock, &market.not_full));
    CHECK_OK(pirn_rlock_free(rlock));
    for (int i = 0; i < threads; i++)
        elements[i] = &market;
    run_on_all((size_t)threads, trade, elements, sizeof *elements);
    free(elements);
    CHECK_EQ(market.held, 0);
    CHECK_EQ(market.put, threads / 2 * each);
    CHECK_EQ(market.taken, threads / 2 * each);
    CHECK_OK(pirn_condition_free(market.not_empty));
    CHECK_OK(pirn_condition_free(market.not_full));
}

TEST(a_market)
{
    check_market(8, 5000);
}

TEST(a_market_of_64_threads)
{
    check_market(64, 300);
}

TEST(a_market_in_a_storm_of_signals)
{
    begin_storm();
    do
        check_market(8, 2000);
    while (!has_stormed());
    end_storm();
}
