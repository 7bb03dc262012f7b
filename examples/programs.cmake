# The examples, for their own project and for the tests of this repository.
set(EXAMPLES hello mergesort pipeline downloads wordcount trace)
# In basics, each in C and in C++; what they print is in basics/NAME.out.
set(BASICS threads daemon race condition queue semaphore barrier timer local map as_completed backlog)
