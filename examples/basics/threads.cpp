// Threads: made, joined, named.
#include <iostream>
#include <pirn.hpp>
#include <vector>

struct part {
    int first, last;
    long sum;
};

int main()
{
    std::vector<part> parts = {{1, 500, 0}, {501, 1000, 0}};
    std::vector<pirn::thread> threads;

    for (part &each : parts)
        threads.emplace_back(
            [](part &mine) {
                for (int i = mine.first; i <= mine.last; i++)
                    mine.sum += i;
            },
            std::ref(each)); // copied into the thread unless you say otherwise
    for (std::size_t i = 0; i < threads.size(); i++) {
        threads[i].join(); // the destructor would do it, too
        std::cout << threads[i].name() << " added " << parts[i].first << " to " << parts[i].last << ": "
                  << parts[i].sum << "\n";
    }
    std::cout << "together: " << parts[0].sum + parts[1].sum << "\n";
}
