/* What the simple queue does not do, and where it may be put into. */
#include "queue.h"

static pirn_queue_t *new_simple_queue(void)
{
    pirn_queue_t *queue;
    CHECK_OK(pirn_simple_queue_new(&queue));
    return queue;
}

TEST(it_counts_no_tasks_and_has_no_limit)
{
    int64_t maxsize = 99;
    size_t unfinished = 99;
    pirn_queue_t *queue = new_simple_queue();
    CHECK_STATUS(pirn_simple_queue_new(NULL), PIRN_ERR_INVALID_ARGUMENT);
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(pirn_queue_task_done(queue), PIRN_ERR_UNSUPPORTED);
        CHECK_STATUS(pirn_queue_join(queue), PIRN_ERR_UNSUPPORTED);
        CHECK_STATUS(pirn_queue_join_timeout(queue, 1e6), PIRN_ERR_UNSUPPORTED);
        CHECK_STATUS(pirn_queue_set_maxsize(queue, 1), PIRN_ERR_UNSUPPORTED);
        CHECK_STATUS(pirn_queue_unfinished(queue, &unfinished), PIRN_ERR_UNSUPPORTED);
        put(queue, i);
    }
    CHECK_EQ(unfinished, 99);
    CHECK_OK(pirn_queue_maxsize(queue, &maxsize));
    CHECK(maxsize <= 0);
    check_flags(queue, false, false);
    get(queue, 0);
    get(queue, 1);
    CHECK_OK(pirn_queue_free(queue));
}

/* Destructors that put: of items of another queue, of the queue's own, of a thread's data. */

static pirn_queue_t *bin;

static void put_into_bin(void *item)
{
    CHECK_OK(pirn_queue_put(bin, item));
}

TEST(a_put_from_an_item_free)
{
    pirn_queue_t *queue = new_simple_queue();
    bin = new_simple_queue();
    CHECK_OK(pirn_queue_set_item_free(queue, put_into_bin));
    for (int i = 0; i < 600; i++)
        put(queue, i);
    CHECK_OK(pirn_queue_shutdown(queue, true));
    for (int i = 0; i < 600; i++)
        get(bin, i);
    CHECK_OK(pirn_queue_free(queue));
    CHECK_OK(pirn_queue_free(bin));
}

static int put_back_refusals;

static void put_back(void *item)
{
    CHECK_STATUS(pirn_queue_put(bin, item), PIRN_ERR_SHUT_DOWN);
    check_size(bin, 0);
    put_back_refusals++;
}

TEST(a_put_from_its_own_item_free)
{
    bin = new_simple_queue();
    CHECK_OK(pirn_queue_set_item_free(bin, put_back));
    for (int i = 0; i < 3; i++)
        put(bin, i);
    CHECK_OK(pirn_queue_shutdown(bin, true));
    CHECK_EQ(put_back_refusals, 3);
    CHECK_OK(pirn_queue_free(bin));
}

static void free_bin(void *item)
{
    (void)item;
    CHECK_STATUS(pirn_queue_free(bin), put_back_refusals++ ? PIRN_ERR_INVALID_HANDLE : PIRN_OK);
}

/* The call that is under way keeps the queue until it is over. */
TEST(a_free_from_its_own_item_free)
{
    bin = new_simple_queue();
    CHECK_OK(pirn_queue_set_item_free(bin, free_bin));
    for (int i = 0; i < 3; i++)
        put(bin, i);
    CHECK_OK(pirn_queue_shutdown(bin, true));
    CHECK_EQ(put_back_refusals, 3);
    CHECK_STATUS(pirn_queue_free(bin), PIRN_ERR_INVALID_HANDLE);
}

static pthread_key_t key;

static void use_key(void *arg)
{
    pthread_setspecific(key, arg);
}

TEST(a_put_from_a_thread_s_destructors)
{
    skip_if(UNDER_TSAN, "ThreadSanitizer has ended the thread before the last round");
    bin = new_simple_queue();
    CHECK_EQ(pthread_key_create(&key, put_into_bin), 0);
    for (int i = 1; i <= 20; i++) {
        run_on((breed_t)(i % BREEDS), use_key, ITEM(i));
        get(bin, i);
    }
    CHECK_OK(pirn_queue_free(bin));
}
