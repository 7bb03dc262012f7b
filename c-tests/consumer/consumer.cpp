// Prints the version after two threads have counted under a lock; fails if the library is not the one of the header.
#include <pirn.h>

#include <iostream>
#include <string>

namespace {

struct counter {
    pirn_lock_t *lock;
    int count;
};

extern "C" int32_t count_up(void *arg)
{
    counter *c = static_cast<counter *>(arg);

    for (int i = 0; i < 1000; i++) {
        if (pirn_lock_acquire(c->lock) != PIRN_OK)
            return pirn_raise(1, "the lock was not acquired");
        c->count++;
        pirn_lock_release(c->lock);
    }
    return 0;
}

bool use_threads()
{
    counter c = {nullptr, 0};
    pirn_thread_t *threads[2] = {nullptr, nullptr};
    pirn_status_t status = pirn_lock_new(&c.lock);

    if (status != PIRN_OK)
        return false;
    for (pirn_thread_t *&thread : threads)
        if (pirn_thread_new(count_up, &c, nullptr, &thread) != PIRN_OK || pirn_thread_start(thread) != PIRN_OK)
            return false;
    for (pirn_thread_t *thread : threads)
        if (pirn_thread_join(thread) != PIRN_OK || pirn_thread_free(thread) != PIRN_OK)
            return false;
    return c.count == 2000 && pirn_lock_free(c.lock) == PIRN_OK;
}

} // namespace

int main()
{
    const std::string version = std::to_string(PIRN_VERSION_MAJOR) + "." + std::to_string(PIRN_VERSION_MINOR) + "." +
                                std::to_string(PIRN_VERSION_PATCH);
    if (version != pirn_version()) {
        std::cerr << "header " << version << ", library " << pirn_version() << "\n";
        return 1;
    }
    if (!use_threads()) {
        std::cerr << "threads do not count right: " << pirn_last_error() << "\n";
        return 1;
    }
    std::cout << "pirn " << pirn_version() << "\n";
    return 0;
}
