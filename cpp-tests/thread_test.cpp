// pirn::thread: what it runs, how it ends, what a handle says.
#include "support.hpp"

#include <functional>
#include <set>

TEST(arguments)
{
    int sum = 0;
    auto moved = std::make_unique<int>(3);
    pirn::thread add([](int a, std::unique_ptr<int> b, int &to) { to = a + *b; }, 4, std::move(moved),
                     std::ref(sum));
    add.join();
    add.join();
    CHECK_EQ(sum, 7);
    CHECK(!moved && !add.is_alive());
    CHECK_EQ(add.exit_code(), 0);

    struct counter {
        int n = 0;
        void add(int by) { n += by; }
    } counter;
    pirn::thread(&counter::add, &counter, 2);
    CHECK_EQ(counter.n, 2);
}

TEST(the_callable_goes_before_a_join_returns)
{
    auto shared = std::make_shared<int>(1);
    pirn::thread([shared] {});
    CHECK_EQ(shared.use_count(), 1);
}

TEST(an_exception_ends_the_thread_alone)
{
    pirn::thread standard([] { throw std::runtime_error("on purpose"); }), other([] { throw 1; });
    standard.join();
    other.join();
    CHECK_EQ(standard.exit_code(), 1);
    CHECK_EQ(other.exit_code(), 1);
}

TEST(options)
{
    pirn::thread named(pirn::thread_options{"sweeper", true}, [] {
        CHECK(pirn::current_thread().name() == "sweeper");
        CHECK(pirn::current_thread().daemon());
        pirn::thread inherits([] { CHECK(pirn::current_thread().daemon()); });
    });
    named.join();
    CHECK(named.daemon() && named.ident() != pirn::get_ident());
    named.set_name(std::string(100, 'x'));
    CHECK(named.name() == std::string(100, 'x'));
    pirn::thread plain([] { CHECK(!pirn::current_thread().daemon()); });
    CHECK(plain.name().substr(0, 7) == "Thread-");
    CHECK_ERROR(invalid_argument, pirn::thread(pirn::thread_options{"\xff", {}}, [] {}));
}

TEST(moves)
{
    std::atomic<bool> go{false};
    pirn::thread empty;
    CHECK(!empty);
    CHECK_ERROR(invalid_handle, empty.join());
    pirn::thread first([&] { await([&] { return go.load(); }); });
    const std::uint64_t ident = first.ident();
    pirn::thread second(std::move(first));
    CHECK(!first && second.ident() == ident);
    second = std::move(*&second); // itself: still there, not joined
    CHECK(second && second.is_alive());
    first.swap(second);
    CHECK(first.ident() == ident && !second);
    CHECK(!first.join_for(0ms) && !first.join_until(std::chrono::system_clock::now()));
    go = true;
    first = pirn::thread([] {}); // joins the old one
    CHECK(first.ident() != ident);
}

TEST(detached)
{
    static_assert(!std::is_constructible_v<pirn::thread_ref, pirn::thread &&>);
    static_assert(!std::is_assignable_v<pirn::thread_ref &, pirn::thread &&>);

    pirn::event go, gone;
    pirn::thread thread([&] {
        go.wait();
        gone.set();
    });
    thread.detach();
    CHECK(!thread);
    go.set();
    gone.wait();
}

// The last owner of a thread object may be the thread itself.
TEST(destroyed_by_itself)
{
    auto self = std::make_shared<pirn::thread>();
    pirn::event go, gone;
    *self = pirn::thread([&, mine = self]() mutable {
        go.wait();
        mine.reset();
        gone.set();
    });
    self.reset();
    go.set();
    gone.wait();
}

TEST(who_is_there)
{
    CHECK(pirn::main_thread().name() == "MainThread");
    CHECK(pirn::current_thread().ident() == pirn::main_thread().ident());
    pirn::event go;
    pirn::thread a([&] { go.wait(); }), b([&] { go.wait(); });
    std::set<std::uint64_t> idents;
    for (const pirn::thread_ref &each : pirn::enumerate())
        idents.insert(each.ident());
    CHECK(idents == std::set<std::uint64_t>({a.ident(), b.ident(), pirn::get_ident()}));
    CHECK_EQ(pirn::active_count(), 3);
    CHECK_ERROR(deadlock, pirn::current_thread().join());
    CHECK_ERROR(invalid_state, a.exit_code());
    go.set();
}

TEST(stack_size)
{
    CHECK_EQ(pirn::stack_size(), 0);
    pirn::set_stack_size(1 << 20);
    CHECK_EQ(pirn::stack_size(), 1 << 20);
    CHECK_ERROR(invalid_argument, pirn::set_stack_size(1));
    std::size_t used = 0;
    pirn::thread([&] {
        pthread_attr_t attributes;
        CHECK_EQ(pthread_getattr_np(pthread_self(), &attributes), 0);
        CHECK_EQ(pthread_attr_getstacksize(&attributes, &used), 0);
        pthread_attr_destroy(&attributes);
    });
    CHECK(used >= 1 << 20 && used < 4 << 20);
}

TEST(at_shutdown)
{
    std::string order;
    pirn::at_shutdown([&](const char *what) { order += what; }, "last");
    pirn::at_shutdown([&] {
        order += "first, ";
        throw std::runtime_error("goes to the excepthook");
    });
    pirn::shutdown();
    CHECK_STR(order.c_str(), "first, last");
    auto shared = std::make_shared<int>(1);
    CHECK_ERROR(shut_down, pirn::at_shutdown([shared] {}));
    CHECK_ERROR(shut_down, pirn::thread([shared] {}));
    CHECK_EQ(shared.use_count(), 1);
}
