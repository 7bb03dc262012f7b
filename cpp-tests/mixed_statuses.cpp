// The part of mixed_test.cpp that is built with -fno-exceptions.
#include <pirn.hpp>

pirn_status_t unlock_without_exceptions();
int submit_without_exceptions();

pirn_status_t unlock_without_exceptions()
{
    pirn::lock lock;
    return static_cast<pirn_status_t>(lock.unlock());
}

int submit_without_exceptions()
{
    pirn::executor pool(1);
    return pool.submit([] { return 2; }).value().get().value();
}
