// A semaphore as the limit of a connection pool: eight clients, two connections.
#include <iostream>
#include <mutex>
#include <pirn.hpp>
#include <vector>

int main()
{
    pirn::bounded_semaphore free_connections(2); // bounded: one release too many is an error
    pirn::lock lock;
    int open_now = 0, open_at_most = 0, served = 0;
    {
        std::vector<pirn::thread> clients;
        for (int i = 0; i < 8; i++)
            clients.emplace_back([&] {
                std::unique_lock connection(free_connections); // waits while both are taken
                {
                    std::lock_guard guard(lock);
                    open_at_most = std::max(open_at_most, ++open_now);
                }
                // ... talks to the database ...
                std::lock_guard guard(lock);
                open_now--;
                served++;
            });
    }
    std::cout << "served " << served
              << ", never more than two at a time: " << (open_at_most <= 2 ? "yes" : "no") << "\n";
    try {
        free_connections.release();
    } catch (const pirn::error &e) {
        std::cout << "one release too many: " << pirn_status_name(e.code().value()) << "\n";
    }
}
