// A pool of threads, and map: a task for each item, the results in the items' order.
#include <algorithm>
#include <iostream>
#include <pirn.hpp>
#include <string>
#include <vector>

int main()
{
    const std::vector<std::string> words = {"Warp", "and", "weft", "make", "a", "tapestry"};
    pirn::executor pool(3);
    std::size_t i = 0;

    const auto vowels = [](const std::string &word) {
        return std::count_if(word.begin(), word.end(),
                             [](char c) { return std::string("aeiouAEIOU").find(c) != std::string::npos; });
    };
    for (auto count : pool.map(vowels, words)) // throws what a task throws
        std::cout << words[i++] << ": " << count << "\n";
}
