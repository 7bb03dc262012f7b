// Prints the version after two threads have counted under a lock, all by pirn.hpp.
#include <pirn.hpp>

#include <iostream>
#include <mutex>

int main()
{
    pirn::lock lock;
    int count = 0;
    {
        const auto count_up = [&] {
            for (int i = 0; i < 1000; i++) {
                std::lock_guard guard(lock);
                count++;
            }
        };
        pirn::thread a(count_up), b(count_up);
    }
    if (count != 2000) {
        std::cerr << "threads do not count right: " << count << "\n";
        return 1;
    }
    std::cout << "pirn " << pirn_version() << "\n";
}
