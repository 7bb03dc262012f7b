// Producer and consumer by a condition: a buffer of one place, which a lock guards.
#include <iostream>
#include <mutex>
#include <optional>
#include <pirn.hpp>

int main()
{
    pirn::condition changed; // with a lock of its own
    std::optional<int> place;
    bool over = false;

    pirn::thread producer([&] {
        for (int i = 1; i <= 5; i++) {
            std::unique_lock held(changed);
            changed.wait(held, [&] { return !place; }); // lets the lock go while it waits
            place = i * i;
            changed.notify_all();
        }
        std::unique_lock held(changed);
        over = true;
        changed.notify_all();
    });

    std::unique_lock held(changed);
    for (;;) {
        changed.wait(held, [&] { return place || over; });
        if (!place)
            break;
        std::cout << "got " << *place << "\n";
        place.reset();
        changed.notify_all();
    }
}
