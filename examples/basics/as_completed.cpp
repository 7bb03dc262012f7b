// Progress: futures in the order in which they get done, whatever the order in which they were submitted.
#include <chrono>
#include <iostream>
#include <pirn.hpp>
#include <stdexcept>
#include <vector>

int main()
{
    constexpr std::size_t n = 4;
    std::vector<pirn::event> turns(n + 1);
    pirn::executor pool(n);
    std::vector<pirn::future<std::size_t>> futures;

    // Each waits for the one that is submitted after it: they get done from the last to the first.
    for (std::size_t i = 0; i < n; i++)
        futures.push_back(pool.submit([&turns, i] {
            turns[i + 1].wait();
            if (i == 2)
                throw std::runtime_error("bad luck");
            return i;
        }));
    turns[n].set();

    std::size_t done = 0;
    for (pirn::future<std::size_t> &future : pirn::as_completed(futures, std::chrono::minutes(1))) {
        const auto index = static_cast<std::size_t>(&future - futures.data());
        std::cout << ++done << " of " << n << ": task " << index << " ";
        try {
            future.get();
            std::cout << "done\n";
        } catch (const std::runtime_error &e) { // what the task threw
            std::cout << e.what() << "\n";
        }
        turns[index].set();
    }
}
