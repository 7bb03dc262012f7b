// Producer and consumers by a queue: nothing to lock, and a shutdown that ends the consumers.
#include <atomic>
#include <iostream>
#include <pirn.hpp>

int main()
{
    pirn::queue<int> numbers(4); // a put waits while there are 4
    std::atomic<int> sum{0};
    const auto consume = [&] {
        for (int n : numbers) // until it is shut down and empty
            sum += n;
    };
    {
        pirn::thread a(consume), b(consume);
        for (int n = 1; n <= 100; n++)
            numbers.put(n);
        numbers.shutdown(); // what is in it is still got
    }
    std::cout << "sum: " << sum << "\n";
}
