//! Thread-local data: named attributes, with values of their own on each thread.
//!
//! The values are in the threads' tables ([`table`](super::table), which has the protocol). A table is made when its thread first needs
//! one, and is given back when the thread ends: by `Thread::end` where there is a thread object, by the thread-end key for what is set
//! after that and for foreign threads, by the exit for the thread that runs it.
//!
//! How the calling thread finds its table: `OWN` is an ordinary thread-local, in a shared library a call of `__tls_get_addr`. The
//! initial-exec model would save that call, but takes room that the loader has little of for libraries that come by dlopen, and
//! stable Rust cannot ask for it.

use super::shutdown;
use super::table::{Key, Table, Tables, View};
use crate::callback::{Arg, CallError, Target};
use crate::fallible;
use crate::identity::Identified;
use crate::status::Error;
use crate::sys::{allocator, thread as system};
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::null;
use std::sync::Arc;

/// Data of which each thread has its own. Python: `threading.local`.
#[derive(Debug)]
pub struct Local {
    key: Key,
    init: Option<Target>,
}

static TABLES: Tables = Tables::new();

/// A freed value may set others: so often is looked again. What is left then stays until its local is freed.
const ROUNDS: u32 = 16;

#[derive(Clone, Copy)]
struct Own {
    view: View,
    /// NULL while the thread has none. The reference is the list's.
    table: *const Table,
    /// Its number in the list.
    number: usize,
}

const NOTHING: Own = Own { view: View::NONE, table: null(), number: 0 };

thread_local! {
    /// The calling thread's table. Without a destructor, so that it is there in the destructors of other thread-locals.
    static OWN: Cell<Own> = const { Cell::new(NOTHING) };
}

impl Own {
    fn table(&self) -> Option<&Table> {
        // SAFETY: a table stays in the list as long as it is the thread's own.
        unsafe { self.table.as_ref() }
    }
}

/// The value that an attribute of the local with this identity has on the calling thread, if it has one. Any integer may be asked
/// for: only the identity of a local that has not been freed has values.
#[inline]
pub fn peek(id: u64, name: Option<&[u8]>) -> Option<*mut c_void> {
    // SAFETY: the calling thread is the owner.
    unsafe { OWN.get().view.get(id, name) }
}

impl Identified for Local {
    fn id(&self) -> u64 {
        self.key.id()
    }
}

impl Local {
    /// A local. `init` runs on each thread at its first use. `id` is its identity, above 1.
    pub fn new(id: u64, init: Option<Target>) -> Local {
        shutdown::run_at_exit();
        Local { key: Key::new(id), init }
    }

    /// Gives an attribute a value on the calling thread; the one it had is given back. `Failed` if the init fails, `InvalidHandle` if the
    /// local is closed, `NoMemory`.
    pub fn set(&self, name: Option<&[u8]>, value: Arg) -> Result<(), CallError> {
        allocator::check()?;
        let name = name.map(fallible::bytes).transpose()?;
        self.enter()?;
        let own = self.own_with_entry()?;
        let before = own.table().ok_or(Error::InvalidHandle)?.set(&self.key, name, value)?;
        drop(before);
        Ok(())
    }

    /// An attribute's value on the calling thread. `NotFound`, and as for `set`.
    pub fn get(&self, name: Option<&[u8]>) -> Result<*mut c_void, CallError> {
        self.enter()?;
        Ok(peek(self.key.id(), name).ok_or(Error::NotFound)?)
    }

    /// Removes an attribute on the calling thread; its value is given back. `NotFound`, and as for `set`.
    pub fn delete(&self, name: Option<&[u8]>) -> Result<(), CallError> {
        self.enter()?;
        let own = OWN.get();
        if !self.has_entry(own) {
            return Err(Error::NotFound.into());
        }
        let before = own.table().ok_or(Error::NotFound)?.remove(&self.key, name)?;
        // The drop, outside the table's mutex, gives the value back.
        before.map(drop).ok_or(Error::NotFound.into())
    }

    /// Ends its life: every thread's values are given back, by the drop of what this returns. `InvalidHandle` if that was done before. The
    /// values of a thread that is ending may be on their way back there.
    pub fn close(&self) -> Result<Vec<Arg>, Error> {
        TABLES.close(&self.key)
    }

    /// Runs the init if this is the calling thread's first use. What the init itself does with the local finds the entry made.
    fn enter(&self) -> Result<(), CallError> {
        let Some(init) = &self.init else { return Ok(()) };
        if self.has_entry(OWN.get()) {
            return Ok(());
        }
        self.own_with_entry()?;
        let result = init.run();
        // The init may have used other locals: the table may have grown, or even have been given back by an exit.
        let own = OWN.get();
        match result {
            Ok(()) if self.has_entry(own) => Ok(()),
            Ok(()) => Err(Error::InvalidHandle.into()),
            Err(failure) => {
                let mut values = Vec::new();
                if let Some(table) = own.table() {
                    table.take(&self.key, &mut values);
                }
                drop(values);
                Err(failure.into())
            }
        }
    }

    fn has_entry(&self, own: Own) -> bool {
        // SAFETY: the calling thread is the owner.
        unsafe { own.view.contains(self.key.id()) }
    }

    /// The calling thread's table, with an entry for this local.
    fn own_with_entry(&self) -> Result<Own, Error> {
        let mut own = OWN.get();
        if own.table.is_null() {
            allocator::check()?;
            if !system::call_at_end() {
                return Err(Error::NoMemory);
            }
            let table = Arc::new(Table::new());
            own.table = Arc::as_ptr(&table);
            own.number = TABLES.add(table);
            OWN.set(own);
        }
        if !self.has_entry(own) {
            own.view = own.table().ok_or(Error::NoMemory)?.insert(&self.key)?;
            OWN.set(own);
        }
        Ok(own)
    }
}

/// Gives back all values of the calling thread, which ends.
pub fn give_back_values() {
    for _ in 0..ROUNDS {
        let own = OWN.replace(NOTHING);
        if own.table.is_null() {
            return;
        }
        let values = TABLES.remove(own.number).take_all();
        drop(values);
    }
}

/// In a child of fork only the calling thread is left.
pub fn after_fork() {
    let own = OWN.get();
    TABLES.forget_others((!own.table.is_null()).then_some(own.number));
}
