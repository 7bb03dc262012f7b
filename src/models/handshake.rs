//! The start and end of a thread against those who join it.

use super::{Watched, model, soon};
use crate::park::Deadline;
use crate::status::Error;
use crate::sync::Event;
use crate::sys::futex;
use crate::thread::handshake::{Handshake, Joinable};
use core::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use std::sync::Arc;

/// A system thread: gone when the event is set; to be joined once.
#[derive(Clone)]
struct Fake {
    gone: Arc<Event>,
    /// Not a part of the model.
    joined: Arc<AtomicUsize>,
}

impl Joinable for Fake {
    unsafe fn join(&self, deadline: Deadline) -> Result<(), Error> {
        assert_eq!(self.joined.load(Ordering::Relaxed), 0, "joined after it was");
        self.gone.wait_until(deadline)?;
        self.joined.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

struct Shared {
    handshake: Handshake<Fake>,
    system: Fake,
    /// What the launch makes true, for the starter and the thread.
    launched: Watched,
    /// What the thread has done.
    work: Watched,
    reaped: AtomicUsize,
}

impl Shared {
    fn new() -> Arc<Shared> {
        Arc::new(Shared {
            handshake: Handshake::new(),
            system: Fake { gone: Arc::new(Event::new()), joined: Arc::default() },
            launched: Watched::default(),
            work: Watched::default(),
            reaped: AtomicUsize::new(0),
        })
    }

    fn launch(&self) {
        self.handshake.launch(|| self.launched.add(1));
        assert_eq!(self.launched.get(), 1);
        self.handshake.learn_system(self.system.clone());
    }

    /// What the new thread does, to its last moment.
    fn live(&self) {
        self.launch();
        self.work.add(1);
        self.handshake.done.set();
        self.system.gone.set();
    }

    /// OK says that the thread is gone and what it did is seen.
    fn join(&self, deadline: Deadline) -> Result<(), Error> {
        let is_gone = || self.system.gone.is_set();
        let reaped = || {
            self.reaped.fetch_add(1, Ordering::Relaxed);
        };
        self.handshake.join(false, deadline, is_gone, reaped)?;
        assert!(self.system.gone.is_set());
        assert_eq!(self.work.get(), 1);
        Ok(())
    }
}

fn spawn<T: 'static>(shared: &Arc<Shared>, body: impl FnOnce(&Shared) -> T + 'static) -> thread::JoinHandle<T> {
    let shared = shared.clone();
    thread::spawn(move || body(&shared))
}

/// The starter joins what it has started, while another thread does: the launch happens once, both find the thread gone, one has joined
/// the system thread.
#[test]
fn two_joins() {
    model(|| {
        let shared = Shared::new();
        let new = spawn(&shared, Shared::live);
        shared.launch();
        let other = spawn(&shared, |shared| shared.join(Deadline::NEVER));
        assert_eq!(shared.join(Deadline::NEVER), Ok(()));
        assert_eq!(other.join().unwrap(), Ok(()));
        new.join().unwrap();
        assert_eq!(shared.system.joined.load(Ordering::Relaxed), 1);
        assert_eq!(shared.reaped.load(Ordering::Relaxed), 1);
    });
}

/// A join whose limit passes at any point, against one without: the latter is never left behind.
#[test]
fn a_join_that_times_out() {
    model(|| {
        let shared = Shared::new();
        shared.launch();
        let new = spawn(&shared, Shared::live);
        let timed = spawn(&shared, |shared| shared.join(soon()));
        futex::expire();
        assert_eq!(shared.join(Deadline::NEVER), Ok(()));
        let timed = timed.join().unwrap();
        assert!(timed == Ok(()) || timed == Err(Error::TimedOut), "{timed:?}");
        new.join().unwrap();
        assert_eq!(shared.system.joined.load(Ordering::Relaxed), 1);
        assert_eq!(shared.reaped.load(Ordering::Relaxed), 1);
    });
}

/// A join that comes before the starter has said which the system thread is.
#[test]
fn a_join_before_the_system_thread_is_known() {
    model(|| {
        let shared = Shared::new();
        let new = spawn(&shared, Shared::live);
        let joiner = spawn(&shared, |shared| shared.join(Deadline::NEVER));
        shared.launch();
        assert_eq!(joiner.join().unwrap(), Ok(()));
        new.join().unwrap();
        assert!(shared.handshake.joinable().is_none(), "nothing is left to detach");
        assert_eq!(shared.system.joined.load(Ordering::Relaxed), 1);
    });
}
