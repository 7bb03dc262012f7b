//! The tables of thread-local values: who frees a local against the threads that use it and end.

use super::model;
use crate::callback::Arg;
use crate::status::Error;
use crate::thread::table::{Key, Table, Tables, View};
use core::ffi::c_void;
use core::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use std::sync::Arc;

/// Counts what is given back. Not a part of the model.
type Freed = AtomicUsize;

fn value(freed: &Freed) -> Arg {
    unsafe extern "C" fn count(freed: *mut c_void) {
        // SAFETY: the counter outlives the model's threads.
        unsafe { &*freed.cast::<Freed>() }.fetch_add(1, Ordering::Relaxed);
    }
    // SAFETY: as above.
    unsafe { Arg::new(core::ptr::from_ref(freed).cast_mut().cast(), Some(count)) }
}

struct Shared {
    tables: Tables,
    key: Key,
    freed: Freed,
}

impl Shared {
    fn new() -> Arc<Shared> {
        Arc::new(Shared { tables: Tables::new(), key: Key::new(7), freed: Freed::new(0) })
    }

    fn close(&self) {
        drop(self.tables.close(&self.key).unwrap());
    }

    fn freed(&self) -> usize {
        self.freed.load(Ordering::Relaxed)
    }
}

/// What a thread does: a table and two values, and its end. Gives how many values it has handed over.
fn life(shared: &Shared) -> usize {
    let table = Arc::new(Table::new());
    let number = shared.tables.add(table.clone());
    let mut values = 0;
    if let Ok(view) = table.insert(&shared.key) {
        values = 2;
        for name in [None, Some(Box::from(*b"name"))] {
            let before = table.set(&shared.key, name, value(&shared.freed));
            assert!(matches!(before, Ok(None) | Err(Error::InvalidHandle)), "{before:?}");
        }
        // SAFETY: this is the owner.
        let (anonymous, named) = unsafe { (view.get(7, None), view.get(7, Some(b"name"))) };
        assert!(anonymous.is_some() || named.is_none(), "the local is freed as a whole");
    }
    drop(shared.tables.remove(number).take_all());
    values
}

/// A local is freed while two threads use it and end: each value is given back once.
#[test]
fn free_against_thread_end() {
    model(|| {
        let shared = Shared::new();
        let threads = [(); 2].map(|()| {
            let shared = shared.clone();
            thread::spawn(move || life(&shared))
        });
        shared.close();
        assert_eq!(shared.tables.close(&shared.key).unwrap_err(), Error::InvalidHandle);
        let values: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(shared.freed(), values);
    });
}

/// A local is freed while a thread gets, sets and deletes: loom sees that nothing is read while it is written, and what was freed is
/// not found.
#[test]
fn free_against_use() {
    model(|| {
        let shared = Shared::new();
        let table = Arc::new(Table::new());
        shared.tables.add(table.clone());
        let closer = {
            let shared = shared.clone();
            thread::spawn(move || shared.close())
        };
        let inserted = table.insert(&shared.key);
        // SAFETY: this is the owner.
        let get = |view: View| unsafe { view.get(7, None) };
        let mut sets = 0;
        if let Ok(view) = inserted {
            let mut refused = false;
            for _ in 0..2 {
                sets += 1;
                refused |= table.set(&shared.key, None, value(&shared.freed)).is_err();
                assert!(get(view).is_none() || !refused);
            }
            drop(table.remove(&shared.key, None));
        }
        closer.join().unwrap();
        assert!(inserted.is_err() || get(inserted.unwrap()).is_none());
        assert_eq!(table.insert(&shared.key).unwrap_err(), Error::InvalidHandle);
        assert_eq!(shared.freed(), sets);
    });
}

/// A table grows, which moves the entries, while a local in it is freed.
#[test]
fn free_against_growth() {
    model(|| {
        let shared = Shared::new();
        let table = Arc::new(Table::new());
        shared.tables.add(table.clone());
        table.insert(&shared.key).unwrap();
        table.set(&shared.key, None, value(&shared.freed)).unwrap();
        let others: Vec<_> = (8..13).map(Key::new).collect();
        for key in &others {
            table.insert(key).unwrap();
        }
        let closer = {
            let shared = shared.clone();
            thread::spawn(move || shared.close())
        };
        // The seventh of eight: there is no room for it.
        let view = table.insert(&Key::new(20)).unwrap();
        // SAFETY: this is the owner.
        assert!(others.iter().all(|key| unsafe { view.contains(key.id()) }));
        closer.join().unwrap();
        // SAFETY: as above.
        assert!(!unsafe { view.contains(7) });
        assert_eq!(shared.freed(), 1);
    });
}
