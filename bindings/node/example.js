'use strict';
// pirn from Node.js, by koffi: a lock, a queue, a pool whose tasks are JavaScript. Run with `npm install && node example.js`;
// PIRN_LIBRARY names libpirn.so if the system's loader does not find it.
//
// What to watch out for:
// - JavaScript runs on one thread. A callback from another thread (every task) waits until the event loop runs it, and its
//   thread with it. So whatever may block, or wait for a task, is called by `.async`, never plainly: a plain
//   pirn_executor_free() here would wait for tasks that wait for this very thread.
// - An `.async` call runs on a thread of libuv's, of which there are four (UV_THREADPOOL_SIZE): four calls that block keep a
//   fifth one from starting. And it may be another one each time: what is owned by a thread (RLock, Condition) is not for
//   JavaScript; Lock, Semaphore, Event, Barrier and Queue are.
// - An exception that leaves a callback is a 0 to C: success. Catch it, keep it, and return a code by which it is found again.
//   (pirn_raise is of no use: it speaks to the calling thread, which is the loop's and not the worker's.)
// - A handle is 64 bits with the highest one set: a pointer or a BigInt, never a Number.
// - Shut executors down before the loop is left: at exit pirn waits for their tasks, which nobody runs any more.

const assert = require('node:assert');
const { promisify } = require('node:util');
const koffi = require('koffi');

const lib = koffi.load(process.env.PIRN_LIBRARY || 'libpirn.so.0');

koffi.proto('int32_t TaskFn(size_t arg, void *result)');
koffi.proto('void FreeFn(size_t arg)');

// Arguments and items are numbers here, not pointers: keys of what they stand for. So they are declared as size_t.
const declared = {
  pirn_last_error: lib.func('const char *pirn_last_error()'),
  pirn_lock_new: lib.func('int32_t pirn_lock_new(_Out_ void **out)'),
  pirn_lock_acquire: lib.func('int32_t pirn_lock_acquire(void *lock)'),
  pirn_lock_try_acquire: lib.func('int32_t pirn_lock_try_acquire(void *lock)'),
  pirn_lock_release: lib.func('int32_t pirn_lock_release(void *lock)'),
  pirn_lock_locked: lib.func('int32_t pirn_lock_locked(void *lock, _Out_ bool *out)'),
  pirn_lock_free: lib.func('int32_t pirn_lock_free(void *lock)'),
  pirn_queue_new: lib.func('int32_t pirn_queue_new(int64_t maxsize, _Out_ void **out)'),
  pirn_queue_put: lib.func('int32_t pirn_queue_put(void *queue, size_t item)'),
  pirn_queue_get: lib.func('int32_t pirn_queue_get(void *queue, _Out_ size_t *item)'),
  pirn_queue_shutdown: lib.func('int32_t pirn_queue_shutdown(void *queue, bool immediate)'),
  pirn_queue_free: lib.func('int32_t pirn_queue_free(void *queue)'),
  pirn_executor_new: lib.func('int32_t pirn_executor_new(int64_t workers, _Out_ void **out)'),
  pirn_executor_submit: lib.func(
    'int32_t pirn_executor_submit(void *ex, TaskFn *fn, size_t arg, FreeFn *arg_free, _Out_ void **out)'),
  pirn_executor_free: lib.func('int32_t pirn_executor_free(void *ex)'),
  pirn_future_result: lib.func('int32_t pirn_future_result(void *future, _Out_ size_t *out)'),
  pirn_future_exception: lib.func(
    'int32_t pirn_future_exception(void *future, _Out_ int32_t *code, void *buf, size_t cap, void *len)'),
  pirn_future_free: lib.func('int32_t pirn_future_free(void *future)'),
};
const OK = 0, WOULD_BLOCK = 2, TASK_FAILED = -12, SHUT_DOWN = -14;

// p.name(...) now, on this thread; await p.later.name(...) on one of libuv's.
const p = { ...declared, later: {} };
for (const [name, f] of Object.entries(declared)) p.later[name] = promisify(f.async);

function check(status) {
  if (status !== OK) throw new Error(p.pirn_last_error());
}

function make(create, ...args) {
  const out = [null];
  check(create(...args, out));
  return out[0];
}

// One C callback for all tasks, registered for good: which one runs is told by its key. pirn gives the key back (arg_free)
// exactly once, also if the task is cancelled or refused, so nothing is forgotten here, and nothing let go of too early.
const tasks = new Map(), errors = new Map();
let keys = 0;
const runTask = koffi.register((key, result) => {
  try {
    koffi.encode(result, 'size_t', tasks.get(key)());
    return 0;
  } catch (error) {
    errors.set(key, error);   // whoever asks for the result takes it
    return key;
  }
}, 'TaskFn *');
const freeTask = koffi.register((key) => { tasks.delete(key); }, 'FreeFn *');

// Starting a worker takes a moment; it does not wait for JavaScript, so this is a plain call.
function submit(executor, task) {
  tasks.set(++keys, task);
  return make(p.pirn_executor_submit, executor, runTask, keys, freeTask);
}

async function result(future) {
  const out = [0];
  const status = await p.later.pirn_future_result(future, out);
  if (status === TASK_FAILED) {
    const code = [0];
    check(p.pirn_future_exception(future, code, null, 0, null));   // it is done: this does not wait
    throw errors.get(code[0]);
  }
  check(status);
  return out[0];
}

async function aLock() {
  const lock = make(p.pirn_lock_new);
  check(p.pirn_lock_acquire(lock));
  assert.equal(p.pirn_lock_try_acquire(lock), WOULD_BLOCK);
  const waiter = p.later.pirn_lock_acquire(lock);
  check(p.pirn_lock_release(lock));
  check(await waiter);
  const locked = [false];
  check(p.pirn_lock_locked(lock, locked));
  assert.equal(locked[0], true);
  check(p.pirn_lock_release(lock));   // a Lock may be released by any thread
  check(p.pirn_lock_free(lock));
  console.log('lock: handed over');
}

async function aQueue() {
  const queue = make(p.pirn_queue_new, 2), got = [];
  const consumer = (async () => {
    for (;;) {
      const item = [0];
      const status = await p.later.pirn_queue_get(queue, item);
      if (status === SHUT_DOWN) return;
      check(status);
      got.push(item[0]);
    }
  })();
  for (const item of [1, 2, 3, 4, 5]) check(await p.later.pirn_queue_put(queue, item));
  check(p.pirn_queue_shutdown(queue, false));
  await consumer;
  check(p.pirn_queue_free(queue));
  assert.deepEqual(got, [1, 2, 3, 4, 5]);
  console.log(`queue: ${got}`);
}

async function aPool() {
  const executor = make(p.pirn_executor_new, 3);
  const squares = [1, 2, 3, 4].map((n) => submit(executor, () => n * n));
  const failing = submit(executor, () => { throw new Error('disk full'); });
  const results = await Promise.all(squares.map(result));
  assert.deepEqual(results, [1, 4, 9, 16]);
  await assert.rejects(result(failing), /^Error: disk full$/);
  errors.clear();
  for (const future of [...squares, failing]) check(p.pirn_future_free(future));
  check(await p.later.pirn_executor_free(executor));
  assert.equal(tasks.size, 0);
  console.log(`pool: ${results}, and one that failed: disk full`);
}

(async () => {
  await aLock();
  await aQueue();
  await aPool();
})().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
