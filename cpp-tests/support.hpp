// What the suites share. Nothing here waits for a time to pass: it awaits states.
#ifndef PIRN_CPP_TESTS_SUPPORT_HPP
#define PIRN_CPP_TESTS_SUPPORT_HPP

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <sched.h>
#include <stdexcept>
#include <string>

#include <pirn.hpp>

#include "../c-tests/check.h"

using namespace std::chrono_literals;

template <class Condition>
void await(Condition condition)
{
    while (!condition())
        sched_yield();
}

// Until the thread sleeps in the wait before which it published its id. Asleep once may be an allocator's lock on the way
// there; asleep all through a series of looks is the wait itself.
inline void await_sleeping(const std::atomic<std::uint64_t> &native_id)
{
    await([&] { return native_id != 0; });
    const std::string path = "/proc/self/task/" + std::to_string(native_id) + "/stat";
    for (int asleep = 0; asleep < 20; sched_yield()) {
        std::string text;
        std::getline(std::ifstream(path), text);
        CHECK(!text.empty());
        asleep = text.at(text.rfind(')') + 2) == 'S' ? asleep + 1 : 0;
    }
}

#if PIRN_HPP_EXCEPTIONS
// The errc with which a call fails.
template <class Call>
pirn::errc error_of(Call call)
{
    try {
        call();
        return pirn::errc::ok;
    } catch (const pirn::error &e) {
        CHECK(e.code().category() == pirn::category());
        return static_cast<pirn::errc>(e.code().value());
    }
}

#define CHECK_ERROR(expected, ...)                                                                           \
    CHECK_STATUS(static_cast<pirn_status_t>(error_of([&] { static_cast<void>(__VA_ARGS__); })),              \
                 static_cast<pirn_status_t>(pirn::errc::expected))
#endif

#endif
