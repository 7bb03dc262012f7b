// A pool with a bound: it says when it has enough to do, and what is urgent goes first.
#include <chrono>
#include <iostream>
#include <pirn.hpp>
#include <string>
#include <vector>

int main()
{
    const auto serve = [](const std::string &name) { std::cout << "served: " + name + "\n"; };
    pirn::event begun, opened;
    pirn::executor desk(1);

    desk.set_max_pending(3); // so many may wait; before the first task
    desk.post([&] {
        begun.set();
        opened.wait();
    });
    begun.wait();

    desk.post_many(serve, std::vector<std::string>{"Ada", "Grace"});
    desk.post_priority(9, serve, "the plumber");
    if (!desk.try_post(serve, "Alan"))
        std::cout << "full: Alan has to wait outside\n";
    opened.set();
    desk.post_for(std::chrono::minutes(1), serve, "Alan"); // a minute at most
}
