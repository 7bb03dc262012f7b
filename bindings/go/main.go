// pirn from Go, by cgo: a lock, a queue, a pool whose tasks are Go functions. `go run .`, with CGO_CFLAGS and CGO_LDFLAGS
// from `pkg-config --cflags --libs pirn`.
//
// What to watch out for:
//   - A goroutine moves between system threads from one call to the next. Whatever is owned by a thread (RLock, Condition, a
//     thread's own error of pirn_last_error) needs runtime.LockOSThread around it. Lock, Semaphore, Event, Barrier and Queue do not.
//   - Every call of C takes a system thread as long as it lasts: a thousand goroutines that block in pirn are a thousand threads.
//   - C may not keep a Go pointer. What C keeps (arg, an item) is a cgo.Handle, a number, passed as uintptr and never as a
//     pointer: the garbage collector would look at it. arg_free deletes the handle.
//   - A callback is a C function, exported from Go; its panic would end the process: recover, and end with pirn_raise.
//   - A pirn handle is no address either (its highest bit is set): the wrappers below pass it as uintptr, too.
//   - os.Exit and the return from main do not run C's exit handlers: nothing joins pirn's threads. Free executors, or call
//     pirn_shutdown, before.
package main

/*
#cgo LDFLAGS: -lpirn
#include <pirn.h>
#include <stdlib.h>

extern int32_t goTask(uintptr_t arg, uintptr_t *result);
extern void goFree(uintptr_t arg);

static int32_t task(void *arg, void **result) { return goTask((uintptr_t)arg, (uintptr_t *)result); }
static void task_free(void *arg) { goFree((uintptr_t)arg); }

// Handles and arguments as numbers, and out-parameters as results: nothing of Go's is lent to C for longer than a call.
typedef struct { pirn_status_t status; uintptr_t value; } out_t;

static out_t lock_new(void) { out_t o; o.status = pirn_lock_new((pirn_lock_t **)&o.value); return o; }
static pirn_status_t lock_acquire(uintptr_t l) { return pirn_lock_acquire((pirn_lock_t *)l); }
static pirn_status_t lock_release(uintptr_t l) { return pirn_lock_release((pirn_lock_t *)l); }
static pirn_status_t lock_free(uintptr_t l) { return pirn_lock_free((pirn_lock_t *)l); }

static out_t queue_new(int64_t n) { out_t o; o.status = pirn_queue_new(n, (pirn_queue_t **)&o.value); return o; }
static pirn_status_t queue_put(uintptr_t q, uintptr_t item) { return pirn_queue_put((pirn_queue_t *)q, (void *)item); }
static out_t queue_get(uintptr_t q) { out_t o; o.status = pirn_queue_get((pirn_queue_t *)q, (void **)&o.value); return o; }
static pirn_status_t queue_shutdown(uintptr_t q) { return pirn_queue_shutdown((pirn_queue_t *)q, false); }
static pirn_status_t queue_free(uintptr_t q) { return pirn_queue_free((pirn_queue_t *)q); }

static out_t executor_new(int64_t n) { out_t o; o.status = pirn_executor_new(n, (pirn_executor_t **)&o.value); return o; }
static out_t submit(uintptr_t ex, uintptr_t arg)
{
    out_t o;
    o.status = pirn_executor_submit((pirn_executor_t *)ex, task, (void *)arg, task_free, (pirn_future_t **)&o.value);
    return o;
}
static pirn_status_t executor_free(uintptr_t ex) { return pirn_executor_free((pirn_executor_t *)ex); }
static out_t future_result(uintptr_t f) { out_t o; o.status = pirn_future_result((pirn_future_t *)f, (void **)&o.value); return o; }
static pirn_status_t future_message(uintptr_t f, char *buf, size_t cap)
{
    int32_t code;
    return pirn_future_exception((pirn_future_t *)f, &code, buf, cap, NULL);
}
static pirn_status_t future_free(uintptr_t f) { return pirn_future_free((pirn_future_t *)f); }
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"runtime/cgo"
	"sync"
	"unsafe"
)

func check(status C.pirn_status_t) {
	if status != C.PIRN_OK {
		panic("pirn: " + C.GoString(C.pirn_status_message(status)))
	}
}

func value(out C.out_t) C.uintptr_t {
	check(out.status)
	return out.value
}

// Task is what a worker runs.
type Task func() (uintptr, error)

//export goTask
func goTask(arg C.uintptr_t, result *C.uintptr_t) (code C.int32_t) {
	defer func() {
		if reason := recover(); reason != nil {
			code = raise(fmt.Errorf("panic: %v", reason))
		}
	}()
	n, err := cgo.Handle(arg).Value().(Task)()
	if err != nil {
		return raise(err)
	}
	*result = C.uintptr_t(n)
	return 0
}

func raise(err error) C.int32_t {
	message := C.CString(err.Error())
	defer C.free(unsafe.Pointer(message))
	return C.pirn_raise(1, message) // copies
}

// Called once for each task that was handed over, also if it was refused or cancelled.
//
//export goFree
func goFree(arg C.uintptr_t) { cgo.Handle(arg).Delete() }

func submit(executor C.uintptr_t, task Task) C.uintptr_t {
	return value(C.submit(executor, C.uintptr_t(cgo.NewHandle(task))))
}

func result(future C.uintptr_t) (uintptr, error) {
	out := C.future_result(future)
	if out.status == C.PIRN_ERR_TASK_FAILED {
		var buf [200]C.char
		check(C.future_message(future, &buf[0], C.size_t(len(buf))))
		return 0, errors.New(C.GoString(&buf[0]))
	}
	return uintptr(value(out)), nil
}

func aLock() {
	lock, total := value(C.lock_new()), 0
	var group sync.WaitGroup
	for i := 0; i < 8; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := 0; n < 1000; n++ {
				check(C.lock_acquire(lock))
				total++
				check(C.lock_release(lock)) // perhaps on another thread than the acquire
			}
		}()
	}
	group.Wait()
	check(C.lock_free(lock))
	fmt.Println("lock:", total)
}

func aQueue() {
	queue, got, done := value(C.queue_new(2)), []uintptr{}, make(chan bool)
	go func() {
		defer close(done)
		for {
			out := C.queue_get(queue)
			if out.status == C.PIRN_ERR_SHUT_DOWN {
				return
			}
			got = append(got, uintptr(value(out)))
		}
	}()
	for item := 1; item <= 5; item++ {
		check(C.queue_put(queue, C.uintptr_t(item)))
	}
	check(C.queue_shutdown(queue))
	<-done
	check(C.queue_free(queue))
	fmt.Println("queue:", got)
}

func aPool() {
	executor, futures := value(C.executor_new(3)), []C.uintptr_t{}
	for n := uintptr(1); n <= 4; n++ {
		n := n
		futures = append(futures, submit(executor, func() (uintptr, error) { return n * n, nil }))
	}
	failing := submit(executor, func() (uintptr, error) { return 0, errors.New("disk full") })
	panicking := submit(executor, func() (uintptr, error) { panic("on purpose") })
	results := []uintptr{}
	for _, future := range futures {
		n, _ := result(future)
		results = append(results, n)
	}
	_, failed := result(failing)
	_, panicked := result(panicking)
	for _, future := range append(futures, failing, panicking) {
		check(C.future_free(future))
	}
	check(C.executor_free(executor)) // waits until the workers are gone
	fmt.Printf("pool: %v, and two that failed: %v, %v\n", results, failed, panicked)
}

func main() {
	aLock()
	aQueue()
	aPool()
	os.Exit(0)
}
