/* Barrier: threads that meet, again and again. */
#include "barrier.h"
#include "blocking.h"
#include "storm.h"

TEST(parties)
{
    static const size_t good[] = {1, 2, 1000000, PTRDIFF_MAX}, bad[] = {0, (size_t)PTRDIFF_MAX + 1, SIZE_MAX};
    for (size_t i = 0; i < LENGTH(good); i++) {
        size_t parties = 0;
        pirn_barrier_t *barrier = new_barrier(good[i]);
        CHECK_OK(pirn_barrier_parties(barrier, &parties));
        CHECK_EQ(parties, good[i]);
        CHECK_EQ(n_waiting(barrier), 0);
        CHECK_OK(pirn_barrier_free(barrier));
    }
    for (size_t i = 0; i < LENGTH(bad); i++) {
        void *out = UNTOUCHED;
        CHECK_STATUS(pirn_barrier_new(bad[i], NULL, NULL, NULL, PIRN_FOREVER, (pirn_barrier_t **)&out),
                     PIRN_ERR_INVALID_ARGUMENT);
        CHECK(out == UNTOUCHED);
    }
}

static pirn_status_t new_with_default(void *arg, double seconds)
{
    pirn_barrier_t *barrier;
    return pirn_barrier_new(2, count_run, arg, count_free, seconds, &barrier);
}

static pirn_status_t wait_timeout(void *barrier, double seconds)
{
    return pirn_barrier_wait_timeout(barrier, seconds, NULL);
}

TEST(arguments)
{
    counted_t arg = {0};
    pirn_barrier_t *barrier;
    const pirn_status_t refused = PIRN_ERR_INVALID_ARGUMENT;
    check_bad_times(new_with_default, &arg);
    CHECK(arg.runs == 0 && arg.frees > 0);
    CHECK_REFUSED(pirn_barrier_new(0, count_run, &arg, count_free, 1, &barrier), refused, &arg);
    CHECK_REFUSED(pirn_barrier_new(2, count_run, &arg, count_free, 1, NULL), refused, &arg);
    CHECK_REFUSED(pirn_barrier_new(2, NULL, &arg, count_free, NAN, &barrier), refused, &arg);
    barrier = new_barrier(1);
    check_bad_times(wait_timeout, barrier); /* also where nobody would wait */
    CHECK(!is_broken(barrier));
    CHECK_STATUS(pirn_barrier_parties(barrier, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_barrier_n_waiting(barrier, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_barrier_broken(barrier, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_OK(pirn_barrier_wait(barrier, NULL));
    CHECK_OK(pirn_barrier_free(barrier));
}

TEST(the_argument_is_freed_once)
{
    counted_t arg = {0}, unused = {0};
    pirn_barrier_t *barrier;
    CHECK_OK(pirn_barrier_new(1, count_run, &arg, count_free, PIRN_FOREVER, &barrier));
    for (int round = 1; round <= 3; round++) {
        CHECK_OK(pirn_barrier_wait_timeout(barrier, 0, NULL));
        CHECK_COUNTED(&arg, round, 0);
    }
    CHECK_OK(pirn_barrier_free(barrier));
    CHECK_COUNTED(&arg, 3, 1);
    CHECK_STATUS(pirn_barrier_free(barrier), PIRN_ERR_INVALID_HANDLE);
    CHECK_COUNTED(&arg, 3, 1);
    /* Without an action there is nothing to keep it for. */
    CHECK_OK(pirn_barrier_new(1, NULL, &unused, count_free, PIRN_FOREVER, &barrier));
    CHECK_COUNTED(&unused, 0, 1);
    CHECK_OK(pirn_barrier_free(barrier));
    CHECK_COUNTED(&unused, 0, 1);
}

TEST(rounds)
{
    for (size_t parties = 1; parties <= 5; parties++) {
        pirn_barrier_t *barrier = new_barrier(parties);
        for (int round = 0; round < 20; round++)
            check_works(barrier);
        CHECK_OK(pirn_barrier_free(barrier));
    }
}

typedef struct meeting {
    pirn_barrier_t *barrier;
    int rounds, threads;
    int64_t sum;     /* of indices; each round has 0 .. threads-1 */
    int64_t actions; /* written without atomics: the barrier orders it */
    int64_t numbers[64];
    int arrivals;
} meeting_t;

static int32_t count_action(void *arg)
{
    ((meeting_t *)arg)->actions++;
    return 0;
}

static void meet(void *element)
{
    meeting_t *meeting = *(meeting_t **)element;
    int me = ADD(meeting->arrivals, 1) - 1;
    join_storm();
    for (int round = 1; round <= meeting->rounds; round++) {
        size_t index;
        int64_t others = 0;
        meeting->numbers[me] = round;
        CHECK_OK(pirn_barrier_wait(meeting->barrier, &index));
        ADD(meeting->sum, (int64_t)index);
        CHECK(meeting->actions >= 2 * round - 1);
        for (int i = 0; i < meeting->threads; i++)
            others += meeting->numbers[i];
        CHECK_EQ(others, (int64_t)meeting->threads * round);
        CHECK_OK(pirn_barrier_wait_timeout(meeting->barrier, PIRN_TIMEOUT_MAX, NULL));
    }
    leave_storm();
}

static void check_meeting(int threads, int rounds)
{
    meeting_t meeting = {.rounds = rounds, .threads = threads}, *elements[64];
    CHECK_OK(pirn_barrier_new((size_t)threads, count_action, &meeting, NULL, PIRN_FOREVER, &meeting.barrier));
    for (int i = 0; i < threads; i++)
        elements[i] = &meeting;
    run_on_all((size_t)threads, meet, elements, sizeof *elements);
    CHECK_EQ(meeting.sum, (int64_t)rounds * threads * (threads - 1) / 2);
    CHECK_EQ(meeting.actions, 2 * rounds);
    CHECK_OK(pirn_barrier_free(meeting.barrier));
}

TEST(each_round_orders_memory)
{
    check_meeting(4, 2000);
}

TEST(sixty_four_threads)
{
    check_meeting(64, 50);
}

TEST(a_storm_of_signals)
{
    begin_storm();
    do
        check_meeting(8, 300);
    while (!has_stormed());
    end_storm();
}

TEST(a_limit_breaks_it_for_all)
{
    static const double limits[] = {0, 0.02};
    pirn_barrier_t *barrier = new_barrier(4);
    for (size_t i = 0; i < LENGTH(limits); i++) {
        call_t calls[2];
        double start = now();
        begin_waits(calls, 2, barrier);
        CHECK_STATUS(pirn_barrier_wait_timeout(barrier, limits[i], NULL), PIRN_ERR_BROKEN_BARRIER);
        CHECK(now() - start >= limits[i]);
        end_waits(calls, 2, PIRN_ERR_BROKEN_BARRIER);
        check_broken(barrier);
        CHECK_OK(pirn_barrier_reset(barrier));
        check_works(barrier);
    }
    CHECK_OK(pirn_barrier_free(barrier));
}

TEST(endless_limits)
{
    pirn_barrier_t *barrier = new_barrier(2);
    for (size_t i = 0; i < LENGTH(endless_times); i++) {
        call_t call = {.make = make_timed, .object = barrier, .seconds = endless_times[i]};
        call_begin_blocked(&call, (breed_t)(i % BREEDS));
        CHECK_OK(pirn_barrier_wait(barrier, NULL));
        CHECK_OK(call_end(&call));
    }
    CHECK_OK(pirn_barrier_free(barrier));
}

TEST(the_default_limit)
{
    pirn_barrier_t *barrier;
    call_t call = {.make = make_timed, .seconds = PIRN_FOREVER};
    CHECK_OK(pirn_barrier_new(2, NULL, NULL, NULL, 0.02, &barrier));
    double start = now();
    CHECK_STATUS(pirn_barrier_wait(barrier, NULL), PIRN_ERR_BROKEN_BARRIER);
    CHECK(now() - start >= 0.02);
    check_broken(barrier);
    CHECK_OK(pirn_barrier_reset(barrier));
    /* One of its own counts in its place, though the default one has passed. */
    call.object = barrier;
    call_begin_blocked(&call, FOREIGN);
    for (double passed = now() + 0.04; now() < passed;)
        sched_yield();
    await_sleeping(call.native_id);
    CHECK_OK(pirn_barrier_wait(barrier, NULL));
    CHECK_OK(call_end(&call));
    CHECK_OK(pirn_barrier_free(barrier));
}

/* The last one to come is not kept by a limit of 0. */
TEST(a_limit_of_zero_is_enough_for_the_last)
{
    pirn_barrier_t *barrier = new_barrier(2);
    call_t call;
    size_t index;
    begin_waits(&call, 1, barrier);
    CHECK_OK(pirn_barrier_wait_timeout(barrier, 0, &index));
    CHECK_EQ(index, 1);
    CHECK_OK(call_end(&call));
    CHECK_OK(pirn_barrier_free(barrier));
}

TEST(reset)
{
    pirn_barrier_t *barrier = new_barrier(4);
    call_t calls[3];
    CHECK_OK(pirn_barrier_reset(barrier)); /* of an idle one: nothing */
    for (int round = 0; round < 50; round++) {
        begin_waits(calls, 3, barrier);
        CHECK_OK(pirn_barrier_reset(barrier));
        CHECK(!is_broken(barrier));
        check_works(barrier); /* at once, though those who were sent away may not have left */
        end_waits(calls, 3, PIRN_ERR_BROKEN_BARRIER);
    }
    CHECK_OK(pirn_barrier_free(barrier));
}

TEST(abort_lasts_until_a_reset)
{
    pirn_barrier_t *barrier = new_barrier(3);
    call_t calls[2];
    begin_waits(calls, 2, barrier);
    CHECK_OK(pirn_barrier_abort(barrier));
    end_waits(calls, 2, PIRN_ERR_BROKEN_BARRIER);
    check_broken(barrier);
    CHECK_OK(pirn_barrier_abort(barrier));
    check_broken(barrier);
    CHECK_OK(pirn_barrier_reset(barrier));
    check_works(barrier);
    CHECK_OK(pirn_barrier_abort(barrier)); /* with nobody there */
    check_broken(barrier);
    CHECK_OK(pirn_barrier_free(barrier));
}

/* Draining. */

typedef struct crowd {
    pirn_barrier_t *barrier;
    int64_t through, most;
    bool over;
} crowd_t;

static void crowd_in(void *element)
{
    crowd_t *crowd = *(crowd_t **)element;
    pirn_status_t status;
    while ((status = pirn_barrier_wait(crowd->barrier, NULL)) == PIRN_OK)
        if (ADD(crowd->through, 1) >= crowd->most) {
            STORE(crowd->over, true); /* those who are left may be fewer than a round */
            CHECK_OK(pirn_barrier_abort(crowd->barrier));
        }
    CHECK_STATUS(status, PIRN_ERR_BROKEN_BARRIER);
    CHECK(LOAD(crowd->over));
}

TEST(those_who_come_while_it_drains_wait_for_the_next_round)
{
    enum { THREADS = 10 };
    crowd_t crowd = {.barrier = new_barrier(3), .most = 6000}, *elements[THREADS];
    for (int i = 0; i < THREADS; i++)
        elements[i] = &crowd;
    run_on_all(THREADS, crowd_in, elements, sizeof *elements);
    check_broken(crowd.barrier);
    CHECK_OK(pirn_barrier_free(crowd.barrier));
}

/* Some are let go but have not left yet: an abort sends them away. Until it has caught one. */
TEST(an_abort_breaks_a_round_that_still_drains)
{
    enum { OTHERS = 7 };
    pirn_barrier_t *barrier = new_barrier(OTHERS + 1);
    for (int caught = 0; caught == 0;) {
        call_t calls[OTHERS];
        begin_waits(calls, OTHERS, barrier);
        for (int i = 0; i < OTHERS; i++)
            await_sleeping(calls[i].native_id);
        CHECK_OK(pirn_barrier_wait(barrier, NULL));
        CHECK_EQ(n_waiting(barrier), 0); /* also while it drains */
        CHECK_OK(pirn_barrier_abort(barrier));
        for (int i = 0; i < OTHERS; i++) {
            pirn_status_t status = call_end(&calls[i]);
            CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_ERR_BROKEN_BARRIER));
            caught += status == PIRN_ERR_BROKEN_BARRIER;
        }
        check_broken(barrier);
        CHECK_OK(pirn_barrier_reset(barrier));
    }
    check_works(barrier);
    CHECK_OK(pirn_barrier_free(barrier));
}

/* Who is let go has come through: a reset sends away those alone who wait for a round to fill. */
TEST(a_reset_leaves_a_round_that_drains)
{
    enum { OTHERS = 7, ROUNDS = 200 };
    pirn_barrier_t *barrier = new_barrier(OTHERS + 1);
    for (int round = 0; round < ROUNDS; round++) {
        call_t calls[OTHERS];
        begin_waits(calls, OTHERS, barrier);
        CHECK_OK(pirn_barrier_wait(barrier, NULL));
        CHECK_OK(pirn_barrier_reset(barrier));
        end_waits(calls, OTHERS, PIRN_OK);
        CHECK(!is_broken(barrier));
    }
    check_works(barrier);
    CHECK_OK(pirn_barrier_free(barrier));
}

static void wait_with_resets(void *element)
{
    crowd_t *crowd = *(crowd_t **)element;
    join_storm();
    for (unsigned step = 0; LOAD(crowd->through) < crowd->most; step++) {
        size_t index;
        pirn_status_t status = pirn_barrier_wait_timeout(crowd->barrier, 1e-4 * (step % 50), &index);
        CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_ERR_BROKEN_BARRIER));
        if (status == PIRN_OK) {
            CHECK(index < 4);
            ADD(crowd->through, 1);
        } else if (step % 4 == 0) {
            CHECK_OK(pirn_barrier_reset(crowd->barrier));
        } else if (step % 64 == 1) {
            CHECK_OK(pirn_barrier_abort(crowd->barrier));
        }
        CHECK(n_waiting(crowd->barrier) <= 4);
    }
    leave_storm();
}

/* Limits, resets and aborts at any moment: nobody hangs, and what is left works. */
TEST(resets_and_aborts_against_arrivals)
{
    enum { THREADS = 8 };
    crowd_t crowd = {.barrier = new_barrier(4), .most = 4000}, *elements[THREADS];
    for (int i = 0; i < THREADS; i++)
        elements[i] = &crowd;
    begin_storm();
    do
        run_on_all(THREADS, wait_with_resets, elements, sizeof *elements);
    while (!has_stormed());
    end_storm();
    CHECK_OK(pirn_barrier_reset(crowd.barrier));
    check_works(crowd.barrier);
    CHECK_OK(pirn_barrier_free(crowd.barrier));
}
