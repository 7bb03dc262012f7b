// Numbers squared on a pool of threads.
#include <iostream>
#include <pirn.hpp>
#include <vector>

int main()
{
    pirn::executor pool; // as many workers as suit the machine
    std::vector<pirn::future<int>> squares;

    for (int n = 1; n <= 5; n++)
        squares.push_back(pool.submit([n] { return n * n; }));
    for (pirn::future<int> &square : squares)
        std::cout << square.get() << "\n"; // waits for the task, and throws what it has thrown
} // waits for the workers to end
