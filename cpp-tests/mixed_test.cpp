// Files with and without exceptions in one program: this one and mixed_statuses.cpp.
#include "support.hpp"

pirn_status_t unlock_without_exceptions();
int submit_without_exceptions();

TEST(each_has_its_own_way)
{
    pirn::lock lock;
    CHECK_ERROR(not_locked, lock.unlock());
    CHECK_STATUS(unlock_without_exceptions(), PIRN_ERR_NOT_LOCKED);
    pirn::executor pool(1);
    CHECK_EQ(pool.submit([] { return 1; }).get() + submit_without_exceptions(), 3);
}
