// A suite for conditions on a lock of each kind.
#ifndef PIRN_CPP_TESTS_ON_EACH_HPP
#define PIRN_CPP_TESTS_ON_EACH_HPP

#include <pirn.hpp>

// Calls test(what a guard locks, the condition).
template <class Test>
void on_each(Test test)
{
    pirn::lock lock;
    pirn::condition on_lock(lock);
    test(lock, on_lock);
    pirn::rlock rlock;
    pirn::condition on_rlock(rlock);
    test(rlock, on_rlock);
    test(on_lock, on_lock);
    pirn::condition own;
    test(own, own);
}

#endif
