// A race, and the lock that ends it: two threads each pay in a thousand times.
#include <iostream>
#include <mutex>
#include <pirn.hpp>

constexpr int times = 1000;

static pirn::lock lock;
static int balance;

static int read_balance()
{
    std::lock_guard guard(lock);
    return balance;
}

static void write_balance(int now)
{
    std::lock_guard guard(lock);
    balance = now;
}

template <class Pay>
static int by_two(Pay pay)
{
    balance = 0;
    const auto often = [pay] {
        for (int i = 0; i < times; i++)
            pay();
    };
    {
        pirn::thread a(often), b(often);
    } // their destructors join them
    return balance;
}

int main()
{
    // Wrong: each access is locked, but what the other thread pays in between the two is overwritten. Often less.
    std::cout << "in pieces: " << by_two([] { write_balance(read_balance() + 1); }) << " of " << 2 * times
              << "\n";

    // Right: reading and writing are one step.
    const int right = by_two([] {
        std::lock_guard guard(lock);
        balance = balance + 1;
    });
    std::cout << "at once: " << right << " of " << 2 * times << "\n";
}
