# The peers. Each has an adapter peers/NAME.c or peers/NAME.cpp, whose PEER_... macros say what it offers, or is a program
# by itself, peers/NAME.py, with such variables. Here:
#
#     NAME_label     what the tables call it
#     NAME_header    what has to be there for it to be built (nothing: it is part of the compiler or of this folder)
#     NAME_package   the Debian package that brings the header, and whose version is reported
#     NAME_file      a library of this build that has to be there
#     NAME_needs     what the Makefile makes for it
#     NAME_cflags, NAME_libs
#
# A peer whose header or file is not there is reported as missing.

peers := pirn pirn_hpp parking_lot crossbeam rayon rust pthread pthread_adaptive pthread_errorcheck std glib absl nsync boost \
         boost_lockfree asio asio_timer tbb tbb_spin tbb_queuing libuv moodycamel moodycamel_yield openmp cpython \
         timer_create nanosleep nanosleep_thread cas_xchg spin futex

pirn_label := pirn
pirn_file = $(PIRN_LIBDIR)/libpirn.so
pirn_needs = $(out)/pirn.folder
pirn_cflags = -I$(PIRN_INCLUDE)
pirn_libs = -L$(PIRN_LIBDIR) -lpirn -Wl,-rpath,$(realpath $(PIRN_LIBDIR))

# The same library by its C++ header: no peer to be beaten, but what C++ costs.
pirn_hpp_label := pirn.hpp
$(foreach what,file needs cflags libs,$(eval pirn_hpp_$(what) = $$(pirn_$(what))))

# Those in Rust, as C functions.
shim_peers := parking_lot crossbeam rayon rust
parking_lot_label := parking_lot
crossbeam_label := crossbeam
rayon_label := rayon
rust_label := Rust std
$(foreach peer,$(shim_peers),$(eval $(peer)_file = $$(out)/shim/release/libbench_shim.so))
$(foreach peer,$(shim_peers),$(eval $(peer)_libs = -L$$(out)/shim/release -lbench_shim -Wl,-rpath,$$(out)/shim/release))

pthread_label := pthread
pthread_adaptive_label := pthread, adaptive
pthread_errorcheck_label := pthread, error-checking
std_label := C++ std
cpython_label := CPython
timer_create_label := timer_create
openmp_label := OpenMP
openmp_cflags := -fopenmp

glib_label := GLib
glib_header := glib.h
glib_package := libglib2.0-dev
glib_cflags = $(shell pkg-config --cflags glib-2.0 2>/dev/null)
glib_libs = $(shell pkg-config --libs glib-2.0)

absl_label := Abseil
absl_header := absl/synchronization/mutex.h
absl_package := libabsl-dev
absl_cflags = $(shell pkg-config --cflags absl_synchronization 2>/dev/null)
absl_libs = $(shell pkg-config --libs absl_synchronization)

nsync_label := nsync
nsync_header := nsync.h
nsync_package := libnsync-dev
nsync_libs := -lnsync

boost_label := Boost
boost_header := boost/thread/mutex.hpp
boost_package := libboost-thread-dev
boost_libs := -lboost_thread
boost_lockfree_label := Boost.Lockfree
boost_lockfree_header := boost/lockfree/queue.hpp
boost_lockfree_package := libboost-dev
asio_label := Boost.Asio
asio_header := boost/asio/thread_pool.hpp
asio_package := libboost-dev

asio_timer_label := Boost.Asio
asio_timer_header := boost/asio/steady_timer.hpp
asio_timer_package := libboost-dev

tbb_label := oneTBB
tbb_header := oneapi/tbb/mutex.h
tbb_package := libtbb-dev
tbb_libs := -ltbb
tbb_spin_label := oneTBB spin_mutex
tbb_spin_header := oneapi/tbb/spin_mutex.h
tbb_spin_package := libtbb-dev
tbb_spin_libs := -ltbb
tbb_queuing_label := oneTBB queuing_mutex
tbb_queuing_header := oneapi/tbb/queuing_mutex.h
tbb_queuing_package := libtbb-dev
tbb_queuing_libs := -ltbb

libuv_label := libuv
libuv_header := uv.h
libuv_package := libuv1-dev
libuv_libs := -luv

moodycamel_label := moodycamel
moodycamel_header := concurrentqueue/lightweightsemaphore.h
moodycamel_package := libconcurrentqueue-dev
moodycamel_yield_label := moodycamel, yielding
moodycamel_yield_header := concurrentqueue/concurrentqueue.h
moodycamel_yield_package := libconcurrentqueue-dev

# The limits: run.py knows by these names that they are no peers to be beaten.
limits := cas_xchg spin futex
cas_xchg_label := limit: CAS and exchange
spin_label := limit: spinning
futex_label := limit: futex
$(foreach limit,$(limits),$(eval $(limit)_needs = $$(out)/libpirnbenchlimits.so))
$(foreach limit,$(limits),$(eval $(limit)_libs = -L$$(out) -lpirnbenchlimits -Wl,-rpath,$$(out)))
nanosleep_label := limit: sleeping
nanosleep_thread_label := limit: sleeping, and a new thread
