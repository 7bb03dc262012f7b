//! The records of who uses which object, against a free.

use super::{Watched, model};
use crate::handle::pins::Records;
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::barrier;
use loom::sync::{Arc, Mutex};
use loom::thread;

const HANDLE: u64 = 7;

/// An object with a handle, as `handle::shared` and `pins::table` have it.
struct Object {
    records: Records,
    open: AtomicU32,
    retired: Mutex<bool>,
    content: Watched,
}

impl Object {
    fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire) != 0
    }

    fn sweep(&self) {
        let mut retired = self.retired.lock().unwrap();
        if *retired && !self.records.name(HANDLE) {
            *retired = false;
            drop(retired);
            // Let go: loom reports a use that this does not come after.
            self.content.add(100);
        }
    }

    fn use_it(&self) -> bool {
        let record = self.records.take();
        let entry = record.entry().unwrap();
        let entered = self.is_open() && {
            let entered = entry.enter(HANDLE, || self.is_open());
            if entered {
                assert_eq!(self.content.get(), 1);
                if entry.leave(|| self.is_open()) {
                    self.sweep();
                }
            } else {
                self.sweep();
            }
            entered
        };
        record.give_back();
        entered
    }

    fn free(&self) {
        self.open.store(0, Ordering::Relaxed);
        barrier::heavy();
        *self.retired.lock().unwrap() = true;
        self.sweep();
    }
}

/// Two threads use an object that a third one frees: none uses it after it was let go, and it is let go, once.
#[test]
fn free_against_use() {
    model(|| {
        let object = Arc::new(Object {
            records: Records::default(),
            open: AtomicU32::new(1),
            retired: Mutex::new(false),
            content: Watched::default(),
        });
        object.content.add(1);
        let users = [(); 2].map(|()| {
            let object = object.clone();
            thread::spawn(move || object.use_it())
        });
        object.free();
        for user in users {
            user.join().unwrap();
        }
        assert!(!object.use_it());
        assert_eq!(object.content.get(), 101);
    });
}
