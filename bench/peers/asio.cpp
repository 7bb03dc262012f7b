/* Boost.Asio's thread_pool. */
#include "../rows/task.h"
#include <boost/asio/packaged_task.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <future>

#define PEER_POOL "asio::post"
#define PEER_SUBMITTERS "asio::post"
#define PEER_FUTURES "asio::post, std::packaged_task"
#define PEER_ROUNDTRIP "asio::post, std::packaged_task"

typedef boost::asio::thread_pool peer_pool_t;
typedef std::future<void *> peer_future_t;

static inline peer_pool_t *peer_pool_new(int workers)
{
    return new peer_pool_t(static_cast<size_t>(workers));
}

static inline void peer_pool_post(peer_pool_t *pool)
{
    boost::asio::post(*pool, [] { empty_task(); });
}

static inline peer_future_t peer_pool_submit(peer_pool_t *pool, void *arg)
{
    return boost::asio::post(*pool, std::packaged_task<void *()>([arg] { return echo_task(arg); }));
}

static inline void *peer_future_take(peer_future_t *future)
{
    return future->get();
}

static inline void *peer_pool_call(peer_pool_t *pool, void *arg)
{
    return peer_pool_submit(pool, arg).get();
}
