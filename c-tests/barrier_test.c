/* Barrier: threads that meet, again and again. */
#include "blocking.h"
#include "child.h"
#include "storm.h"

static pirn_barrier_t *new_barrier(size_t parties)
{
    pirn_barrier_t *barrier;
    CHECK_OK(pirn_barrier_new(parties, NULL, NULL, NULL, PIRN_FOREVER, &barrier));
    return barrier;
}

static size_t n_waiting(pirn_barrier_t *barrier)
{
    size_t out;
    CHECK_OK(pirn_barrier_n_waiting(barrier, &out));
    return out;
}

static bool is_broken(pirn_barrier_t *barrier)
{
    bool out;
    CHECK_OK(pirn_barrier_broken(barrier, &out));
    return out;
}

/* A wait on a thread of its own; its index goes to `value`. */
static pirn_status_t make_wait(call_t *c)
{
    size_t index = SIZE_MAX;
    pirn_status_t status = pirn_barrier_wait(c->object, &index);
    CHECK_EQ(status == PIRN_OK, index != SIZE_MAX);
    c->value = (void *)(uintptr_t)index;
    return status;
}

static pirn_status_t make_timed(call_t *c)
{
    return pirn_barrier_wait_timeout(c->object, c->seconds, NULL);
}

static void begin_waits(call_t *calls, size_t n, pirn_barrier_t *barrier)
{
    for (size_t i = 0; i < n; i++) {
        calls[i] = (call_t){.make = make_wait, .object = barrier};
        call_begin(&calls[i], (breed_t)(i % BREEDS));
        AWAIT(n_waiting(barrier) == i + 1);
    }
}

static void end_waits(call_t *calls, size_t n, pirn_status_t expected)
{
    for (size_t i = 0; i < n; i++)
        CHECK_STATUS(call_end(&calls[i]), expected);
}

/* A whole round works: as many threads as there are parties get through, in the order of their indices. */
static void check_works(pirn_barrier_t *barrier)
{
    size_t parties, index = SIZE_MAX;
    call_t calls[8];
    CHECK_OK(pirn_barrier_parties(barrier, &parties));
    CHECK(parties <= LENGTH(calls));
    CHECK(!is_broken(barrier));
    begin_waits(calls, parties - 1, barrier);
    CHECK_OK(pirn_barrier_wait(barrier, &index));
    CHECK_EQ(index, parties - 1);
    end_waits(calls, parties - 1, PIRN_OK);
    for (size_t i = 0; i + 1 < parties; i++)
        CHECK((uintptr_t)calls[i].value == i);
    CHECK_EQ(n_waiting(barrier), 0);
}

static void check_broken(pirn_barrier_t *barrier)
{
    size_t index = 99;
    CHECK(is_broken(barrier));
    CHECK_EQ(n_waiting(barrier), 0);
    CHECK_STATUS(pirn_barrier_wait(barrier, &index), PIRN_ERR_BROKEN_BARRIER);
    CHECK_STATUS(pirn_barrier_wait_timeout(barrier, 0, &index), PIRN_ERR_BROKEN_BARRIER);
    CHECK_EQ(index, 99);
}

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
    check_meeting(8, 300);
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
    /* One of its own counts in its place. */
    call.object = barrier;
    call_begin_blocked(&call, FOREIGN);
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

/* The action. */

typedef struct action {
    counted_t counted;
    pirn_barrier_t *barrier;
    pirn_event_t *open;
    bool resets, aborts;
    int32_t code;
} action_t;

static int32_t act(void *arg)
{
    action_t *action = arg;
    ADD(action->counted.runs, 1);
    if (action->open)
        CHECK_OK(pirn_event_wait(action->open));
    CHECK_STATUS(pirn_barrier_free(action->barrier), PIRN_ERR_BUSY);
    CHECK_EQ(n_waiting(action->barrier), 3);
    CHECK(!is_broken(action->barrier));
    if (action->resets)
        CHECK_OK(pirn_barrier_reset(action->barrier));
    if (action->aborts)
        CHECK_OK(pirn_barrier_abort(action->barrier));
    return action->code ? pirn_raise(action->code, "on purpose") : 0;
}

static void make_acting(action_t *action)
{
    CHECK_OK(pirn_barrier_new(3, act, action, count_free, PIRN_FOREVER, &action->barrier));
}

TEST(a_failing_action_breaks_it)
{
    action_t action = {.code = 7};
    call_t calls[2];
    size_t index = 99;
    make_acting(&action);
    begin_waits(calls, 2, action.barrier);
    CHECK_STATUS(pirn_barrier_wait(action.barrier, &index), PIRN_ERR_TASK_FAILED);
    CHECK_EQ(index, 99);
    CHECK_EQ(pirn_last_code(), 7);
    CHECK_STR(pirn_last_error(), "on purpose");
    end_waits(calls, 2, PIRN_ERR_BROKEN_BARRIER);
    check_broken(action.barrier);
    CHECK_OK(pirn_barrier_reset(action.barrier));
    action.code = 0;
    check_works(action.barrier);
    CHECK_OK(pirn_barrier_free(action.barrier));
    CHECK_COUNTED(&action.counted, 2, 1);
}

TEST(a_reset_or_an_abort_by_the_action_comes_after_it)
{
    for (int step = 1; step < 4; step++) {
        action_t action = {.resets = step & 1, .aborts = step & 2};
        call_t calls[2];
        make_acting(&action);
        begin_waits(calls, 2, action.barrier);
        CHECK_STATUS(pirn_barrier_wait(action.barrier, NULL), PIRN_ERR_BROKEN_BARRIER);
        end_waits(calls, 2, PIRN_ERR_BROKEN_BARRIER);
        CHECK_EQ(is_broken(action.barrier), action.aborts);
        CHECK_OK(pirn_barrier_reset(action.barrier));
        action.resets = action.aborts = false;
        check_works(action.barrier);
        CHECK_OK(pirn_barrier_free(action.barrier));
        CHECK_COUNTED(&action.counted, 2, 1);
    }
}

/* Three threads, the first of which has a limit, while the action waits for its event. False if the limit was
 * too short for all to come. */
static bool begin_action(action_t *action, call_t *timed, call_t others[2], double limit)
{
    *timed = (call_t){.make = make_timed, .object = action->barrier, .seconds = limit};
    call_begin(timed, FOREIGN);
    AWAIT(n_waiting(action->barrier) == 1 || LOAD(timed->returned));
    for (int i = 0; i < 2; i++) {
        others[i] = (call_t){.make = make_wait, .object = action->barrier};
        call_begin(&others[i], (breed_t)i);
    }
    AWAIT(LOAD(action->counted.runs) == 1 || LOAD(timed->returned));
    if (!LOAD(timed->returned))
        return true;
    CHECK_STATUS(call_end(timed), PIRN_ERR_BROKEN_BARRIER);
    end_waits(others, 2, PIRN_ERR_BROKEN_BARRIER);
    CHECK_OK(pirn_barrier_reset(action->barrier));
    return false;
}

/* While the action runs limits that pass break nothing, and those who come wait for the next round. */
TEST(while_the_action_runs)
{
    action_t action = {.code = 0};
    call_t timed, others[2], late[3];
    double limit = 0.02;
    CHECK_OK(pirn_event_new(&action.open));
    make_acting(&action);
    while (!begin_action(&action, &timed, others, limit))
        limit *= 2;
    for (int i = 0; i < 3; i++) {
        late[i] = (call_t){.make = make_timed, .object = action.barrier, .seconds = PIRN_FOREVER};
        call_begin_blocked(&late[i], (breed_t)(i % BREEDS));
    }
    double passed = now() + limit;
    AWAIT(now() > passed);
    await_sleeping(timed.native_id);
    CHECK_EQ(n_waiting(action.barrier), 3);
    CHECK_OK(pirn_event_set(action.open));
    CHECK_OK(call_end(&timed));
    end_waits(others, 2, PIRN_OK);
    end_waits(late, 3, PIRN_OK);
    CHECK_EQ(action.counted.runs, 2);
    CHECK(!is_broken(action.barrier));
    CHECK_OK(pirn_barrier_free(action.barrier));
    CHECK_OK(pirn_event_free(action.open));
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
    run_on_all(THREADS, wait_with_resets, elements, sizeof *elements);
    end_storm();
    CHECK_OK(pirn_barrier_reset(crowd.barrier));
    check_works(crowd.barrier);
    CHECK_OK(pirn_barrier_free(crowd.barrier));
}

/* Freeing. */

TEST(busy_while_threads_wait)
{
    counted_t arg = {0};
    pirn_barrier_t *barrier;
    call_t calls[2];
    CHECK_OK(pirn_barrier_new(3, count_run, &arg, count_free, PIRN_FOREVER, &barrier));
    begin_waits(calls, 2, barrier);
    CHECK_STATUS(pirn_barrier_free(barrier), PIRN_ERR_BUSY);
    CHECK_EQ(n_waiting(barrier), 2);
    CHECK_OK(pirn_barrier_abort(barrier));
    end_waits(calls, 2, PIRN_ERR_BROKEN_BARRIER);
    CHECK_OK(pirn_barrier_free(barrier));
    CHECK_COUNTED(&arg, 0, 1);
}

/* Any of those who were let go may free it; the others return in peace, and the argument is freed when the
 * last one has. */
TEST(freed_by_one_of_those_who_were_let_go)
{
    enum { OTHERS = 3 };
    for (int round = 0; round < 2000; round++) {
        counted_t arg = {0};
        pirn_barrier_t *barrier;
        call_t calls[OTHERS];
        CHECK_OK(pirn_barrier_new(OTHERS + 1, count_run, &arg, count_free, PIRN_FOREVER, &barrier));
        for (int i = 0; i < OTHERS; i++) {
            calls[i] = (call_t){.make = make_wait, .object = barrier};
            call_begin(&calls[i], FOREIGN);
        }
        CHECK_OK(pirn_barrier_wait(barrier, NULL));
        CHECK_OK(pirn_barrier_free(barrier));
        end_waits(calls, OTHERS, PIRN_OK);
        CHECK_COUNTED(&arg, 1, 1);
    }
}

/* Fork. */

static void use_after_fork(void *barrier)
{
    CHECK_EQ(n_waiting(barrier), 0); /* those who waited are not alive here */
    check_works(barrier);
    check_works(barrier);
    CHECK_OK(pirn_barrier_abort(barrier));
    check_broken(barrier);
}

TEST(fork_with_waiters)
{
    pirn_barrier_t *barrier = new_barrier(3);
    call_t calls[2];
    begin_waits(calls, 2, barrier);
    in_forked_child(use_after_fork, barrier);
    CHECK_EQ(n_waiting(barrier), 2);
    CHECK_OK(pirn_barrier_wait(barrier, NULL));
    end_waits(calls, 2, PIRN_OK);
    CHECK_OK(pirn_barrier_free(barrier));
}

static void use_broken_after_fork(void *barrier)
{
    check_broken(barrier);
    CHECK_OK(pirn_barrier_reset(barrier));
    check_works(barrier);
}

TEST(fork_of_a_broken_one)
{
    pirn_barrier_t *barrier = new_barrier(3);
    CHECK_OK(pirn_barrier_abort(barrier));
    in_forked_child(use_broken_after_fork, barrier);
    check_broken(barrier);
    CHECK_OK(pirn_barrier_free(barrier));
}

static pid_t forked_in_action;

static int32_t fork_it(void *unused)
{
    (void)unused;
    if (forked_in_action == 0)
        forked_in_action = fork_for_test();
    return 0;
}

/* In the child the round is not known any more: the wait that forked returns, and the barrier is empty. */
TEST(fork_in_the_action)
{
    pirn_barrier_t *barrier;
    call_t call;
    int status;
    forked_in_action = 0;
    CHECK_OK(pirn_barrier_new(2, fork_it, NULL, NULL, PIRN_FOREVER, &barrier));
    begin_waits(&call, 1, barrier);
    CHECK_OK(pirn_barrier_wait(barrier, NULL));
    if (forked_in_action == 0) {
        forked_in_action = -1;
        use_after_fork(barrier);
        _exit(0);
    }
    CHECK_EQ(waitpid(forked_in_action, &status, 0), forked_in_action);
    CHECK_EQ(status, 0);
    CHECK_OK(call_end(&call));
    check_works(barrier);
    CHECK_OK(pirn_barrier_free(barrier));
}
