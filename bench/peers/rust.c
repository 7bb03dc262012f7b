/* Rust's standard library, behind the shim. */
#include "../shim/shim.h"

#define PEER_THREAD "std::thread::spawn"

static inline void peer_thread_run(void (*body)(void))
{
    rust_shim_thread_run(body);
}
