// A daemon: a thread that the end of the program does not wait for. Others are waited for, handle or no handle.
#include <iostream>
#include <pirn.hpp>

// What threads use that outlive main has to outlive it, too.
static pirn::event &beat = *new pirn::event, &last_words = *new pirn::event;

int main()
{
    pirn::thread heart(pirn::thread_options{"heart", true}, [] {
        for (;;)
            beat.set();
    });
    pirn::thread worker([] {
        last_words.wait();
        std::cout << "worker: done, and main has returned" << std::endl;
    });

    heart.detach(); // else the destructors would join them here
    worker.detach();
    beat.wait();
    pirn::at_shutdown([] { last_words.set(); }); // called when main has returned
    std::cout << "main: returns" << std::endl;
} // the worker is joined, the daemon cut off
