// Prints the version after a few calls through a lock; fails if the library is not the one of the header.
#include <pirn.h>

#include <iostream>
#include <string>

namespace {

bool use_lock()
{
    pirn_lock_t *lock = nullptr;
    bool locked = false;
    pirn_status_t status = pirn_lock_new(&lock);

    if (status != PIRN_OK || pirn_lock_acquire(lock) != PIRN_OK)
        return false;
    if (pirn_lock_try_acquire(lock) != PIRN_WOULD_BLOCK || pirn_lock_locked(lock, &locked) != PIRN_OK || !locked)
        return false;
    return pirn_lock_release(lock) == PIRN_OK && pirn_lock_free(lock) == PIRN_OK;
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
    if (!use_lock()) {
        std::cerr << "the lock does not work\n";
        return 1;
    }
    std::cout << "pirn " << pirn_version() << "\n";
    return 0;
}
