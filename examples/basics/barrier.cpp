// A barrier between the phases of a computation: each thread smooths its part of a row, and none runs ahead.
#include <cstdio>
#include <pirn.hpp>
#include <vector>

int main()
{
    constexpr std::size_t n_threads = 3, cells = 9;
    std::vector<double> row(cells + 2), next(cells + 2);
    row[5] = 90;

    // The action is run by the thread that comes last, before any goes on.
    pirn::barrier phase(n_threads, [&] {
        for (std::size_t i = 1; i <= cells; i++) {
            row[i] = next[i];
            std::printf("%5.1f", row[i]);
        }
        std::printf("\n");
    });
    std::vector<pirn::thread> threads;
    for (std::size_t part = 0; part < n_threads; part++)
        threads.emplace_back([&, part] {
            const std::size_t first = 1 + part * (cells / n_threads);
            for (int round = 0; round < 4; round++) {
                for (std::size_t i = first; i < first + cells / n_threads; i++)
                    next[i] = (row[i - 1] + row[i] + row[i + 1]) / 3;
                phase.wait();
            }
        });
}
