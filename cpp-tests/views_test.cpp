// C++20: the standard's views as items, and results in the standard's pipes.
#include "support.hpp"

#include <ranges>
#include <vector>

TEST(results_are_ranges)
{
    static_assert(std::ranges::input_range<pirn::map_results<int>>);
    static_assert(std::ranges::input_range<pirn::completed_futures<pirn::future<int>>>);
    static_assert(std::ranges::input_range<pirn::queue<int>>);
}

TEST(items_of_views)
{
#if !defined(__clang__) || __clang_major__ >= 16 // before, clang does not understand the library's views
    pirn::executor pool(2);
    const auto square = [](int n) { return n * n; };
    const std::vector<int> numbers = {1, 2, 3, 4};
    auto squares = pool.map(square, numbers | std::views::filter([](int n) { return n % 2 == 0; }));
    std::vector<int> seen;
    for (int n : squares | std::views::transform([](int n) { return -n; }))
        seen.push_back(n);
    CHECK(seen == std::vector<int>({-4, -16}));
    auto futures = pool.submit_many(square, std::views::iota(0, 5));
    int sum = 0;
    for (auto &each : pirn::as_completed(futures))
        sum += each.get();
    CHECK_EQ(sum, 30);
#endif
}
