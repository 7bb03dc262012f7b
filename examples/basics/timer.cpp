// Timers: one that fires, and one that is cancelled before.
#include <chrono>
#include <iostream>
#include <pirn.hpp>

int main()
{
    using namespace std::chrono_literals;
    const auto ring = [](const char *text) { std::cout << "ring: " << text << "\n"; };

    pirn::timer soon(10ms, ring, "time to get up"); // started by its construction
    pirn::timer late(1h, ring, "never heard");

    soon.join(); // a timer is a thread that waits first
    late.cancel();
    late.join();
    std::cout << "the other one was cancelled\n";
}
