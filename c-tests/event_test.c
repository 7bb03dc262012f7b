/* Event: a flag to wait for. */
#include "blocking.h"
#include "storm.h"

static pirn_status_t wait_for_event(void *event) { return pirn_event_wait(event); }
static pirn_status_t wait_timeout(void *event, double s) { return pirn_event_wait_timeout(event, s); }
static pirn_status_t set(void *event) { return pirn_event_set(event); }
static pirn_status_t clear(void *event) { return pirn_event_clear(event); }
static pirn_status_t free_event(void *event) { return pirn_event_free(event); }
static pirn_status_t make_wait(call_t *c) { return pirn_event_wait(c->object); }
static pirn_status_t make_timed(call_t *c) { return pirn_event_wait_timeout(c->object, c->seconds); }

static pirn_event_t *new_event(void)
{
    pirn_event_t *event;
    CHECK_OK(pirn_event_new(&event));
    return event;
}

static bool is_set(pirn_event_t *event)
{
    bool out;
    CHECK_OK(pirn_event_is_set(event, &out));
    return out;
}

TEST(set_and_clear_are_idempotent)
{
    pirn_event_t *event = new_event();
    CHECK(!is_set(event));
    for (int i = 0; i < 4; i++) {
        CHECK_OK(pirn_event_set(event));
        CHECK(is_set(event));
    }
    CHECK_OK(pirn_event_wait(event));
    CHECK_OK(pirn_event_wait(event));
    CHECK(is_set(event));
    for (int i = 0; i < 4; i++) {
        CHECK_OK(pirn_event_clear(event));
        CHECK(!is_set(event));
    }
    CHECK_STATUS(pirn_event_wait_timeout(event, 0), PIRN_TIMED_OUT);
    CHECK_OK(pirn_event_free(event));
}

TEST(null_out_parameters)
{
    pirn_event_t *event = new_event();
    CHECK_STATUS(pirn_event_new(NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_event_is_set(event, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_OK(pirn_event_free(event));
}

TEST(blocking_calls)
{
    static const blocking_t blocking = {
        .call = wait_for_event, .timed = wait_timeout, .wake = set, .rearm = clear, .free = free_event};
    pirn_event_t *event = new_event();
    check_blocking(&blocking, event);
    CHECK_OK(pirn_event_free(event));
}

TEST(a_set_one_may_be_freed)
{
    pirn_event_t *event = new_event();
    CHECK_OK(pirn_event_set(event));
    CHECK_OK(pirn_event_wait(event));
    CHECK_OK(pirn_event_free(event));
    CHECK_STATUS(pirn_event_wait(event), PIRN_ERR_INVALID_HANDLE);
}

/* The wake-up is remembered for each waiter, not read again from the flag. */
TEST(set_wakes_all_though_cleared_at_once)
{
    enum { WAITERS = 8, ROUNDS = 25 };
    pirn_event_t *event = new_event();
    for (int round = 0; round < ROUNDS; round++) {
        call_t waiters[WAITERS];
        for (int i = 0; i < WAITERS; i++) {
            waiters[i] =
                (call_t){.make = i % 4 < 2 ? make_wait : make_timed, .object = event, .seconds = 1e6};
            call_begin_blocked(&waiters[i], (breed_t)(i % BREEDS));
        }
        CHECK_STATUS(pirn_event_free(event), PIRN_ERR_BUSY);
        CHECK_OK(pirn_event_set(event));
        CHECK_OK(pirn_event_clear(event));
        for (int i = 0; i < WAITERS; i++)
            CHECK_OK(call_end(&waiters[i]));
        CHECK(!is_set(event));
    }
    CHECK_OK(pirn_event_free(event));
}

TEST(a_timed_out_waiter_leaves_the_others_waiting)
{
    pirn_event_t *event = new_event();
    call_t leaving = {.make = make_timed, .object = event, .seconds = 0.02};
    call_t staying = {.make = make_wait, .object = event};
    call_begin(&leaving, FOREIGN);
    call_begin_blocked(&staying, PIRN_THREAD);
    CHECK_STATUS(call_end(&leaving), PIRN_TIMED_OUT);
    CHECK(!LOAD(staying.returned));
    CHECK_STATUS(pirn_event_free(event), PIRN_ERR_BUSY);
    CHECK_OK(pirn_event_set(event));
    CHECK_OK(call_end(&staying));
    CHECK_OK(pirn_event_free(event));
}

enum { TURNS = 5000 };

typedef struct pair {
    pirn_event_t *mine, *other;
} pair_t;

static void take_turns(void *arg)
{
    pair_t *pair = arg;
    for (int i = 0; i < TURNS; i++) {
        CHECK_OK(pirn_event_wait(pair->mine));
        CHECK_OK(pirn_event_clear(pair->mine));
        CHECK_OK(pirn_event_set(pair->other));
    }
}

/* A lost wake-up would leave both asleep. */
TEST(two_threads_take_turns)
{
    pirn_event_t *ping = new_event(), *pong = new_event();
    pair_t pairs[2] = {{ping, pong}, {pong, ping}};
    CHECK_OK(pirn_event_set(ping));
    run_on_all(2, take_turns, pairs, sizeof *pairs);
    CHECK(is_set(ping));
    CHECK(!is_set(pong));
    CHECK_OK(pirn_event_free(ping));
    CHECK_OK(pirn_event_free(pong));
}

typedef struct letter {
    pirn_event_t *written;
    int text;
} letter_t;

static void write_letter(void *arg)
{
    letter_t *letter = arg;
    letter->text = 42;
    CHECK_OK(pirn_event_set(letter->written));
}

TEST(what_was_written_before_set_is_seen_after_wait)
{
    for (int i = 0; i < 200; i++) {
        runner_t writer;
        letter_t letter = {.written = new_event()};
        runner_start(&writer, (breed_t)(i % BREEDS), write_letter, &letter);
        CHECK_OK(pirn_event_wait(letter.written));
        CHECK_EQ(letter.text, 42);
        runner_join(&writer);
        CHECK_OK(pirn_event_free(letter.written));
    }
}

typedef struct audience {
    pirn_event_t *event;
    int each, listening;
    int begun, over; /* sets; each is over when it has been cleared again */
} audience_t;

static void listen(void *element)
{
    audience_t *audience = *(audience_t **)element;
    join_storm();
    for (int i = 0; i < audience->each; i++) {
        int over = LOAD(audience->over);
        double start = now(), seconds = i % 2 ? 1e-6 * (i % 200) : PIRN_FOREVER;
        pirn_status_t status = pirn_event_wait_timeout(audience->event, seconds);
        if (status == PIRN_TIMED_OUT) {
            CHECK(i % 2 && now() - start >= seconds);
        } else {
            CHECK_OK(status);
            CHECK(LOAD(audience->begun) > over);
        }
    }
    leave_storm();
    ADD(audience->listening, -1);
}

static void set_and_clear(void *arg)
{
    audience_t *audience = arg;
    while (LOAD(audience->listening)) {
        ADD(audience->begun, 1);
        CHECK_OK(pirn_event_set(audience->event));
        CHECK_OK(pirn_event_clear(audience->event));
        ADD(audience->over, 1);
        sched_yield();
    }
}

/* No wait ends without a set of its time, none before its limit, and none is forgotten. */
static void check_audience(int threads, int each)
{
    audience_t audience = {.event = new_event(), .each = each, .listening = threads};
    audience_t *elements[MOST_IN_STORM];
    runner_t setting;
    for (int i = 0; i < threads; i++)
        elements[i] = &audience;
    runner_start(&setting, FOREIGN, set_and_clear, &audience);
    run_on_all((size_t)threads, listen, elements, sizeof *elements);
    runner_join(&setting);
    CHECK(!is_set(audience.event));
    CHECK_OK(pirn_event_free(audience.event));
}

TEST(sixty_four_threads)
{
    check_audience(64, 100);
}

TEST(a_storm_of_signals)
{
    begin_storm();
    do
        check_audience(8, 2000);
    while (!has_stormed());
    end_storm();
}
