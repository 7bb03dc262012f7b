// Thread-local data: each thread has a counter of its own in the same place, made at its first use and destroyed at its end.
#include <iostream>
#include <pirn.hpp>

static void count_one(pirn::local<int> &count) { ++*count; }

int main()
{
    pirn::local<int> count;
    int counts[] = {3, 5};
    const auto work = [&](int &n) {
        for (int i = 0; i < n; i++)
            count_one(count);
        n = *count;
    };
    {
        pirn::thread a(work, std::ref(counts[0])), b(work, std::ref(counts[1]));
    }
    for (int i = 0; i < 2; i++)
        std::cout << "thread " << i + 1 << " counted to " << counts[i] << "\n";
}
