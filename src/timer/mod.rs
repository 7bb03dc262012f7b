//! Timers below the level of threads: who is due when, and the one service thread that waits for it.
//!
//! [`Pending`] is what one lock guards: the wheel of all pending entries, and what there is to know about the service thread.
//!
//! ```text
//! is_present  asleep_until  is_lingering   who may be where
//!  no          AWAKE          -            no service thread; only entries that are never due
//!  yes         AWAKE          -            it works, and looks at the wheel again before it sleeps
//!  yes         a moment       no           it sleeps until then; no entry is due earlier, and one is due some time
//!  yes         a moment       yes          there was nothing to wait for when it lay down; no entry is due before that moment
//! ```
//!
//! No entry is forgotten: all steps happen under the lock. An entry is put on the wheel when the service is present (or made so, in the
//! same hold); if that sleeps for longer than the entry's deadline it is taken off its wait list in that hold, and so returns. It
//! becomes absent in a hold in which the wheel says that there is nothing to wait for.
//!
//! Idle means idle: the service sleeps until the earliest deadline itself, so a process whose timers are an hour away has no
//! wake-up in the meantime. A cancel wakes it if nothing is left to wait for: then it lingers, for `LINGER_NS`, and goes if there is nothing
//! by then either. While it lingers neither a cancel wakes it nor a start with a later deadline, so that a program which starts
//! and cancels one timer after the other pays for two wake-ups per linger, not per timer. Other cancels do not wake it: it finds
//! less to do when it wakes.
//!
//! One lock, and not a wheel per processor: it is held for a few stores, and four threads that do nothing but make, start, cancel and free
//! timers take one to two microseconds for each, as Boost.Asio's and GLib's take at best (`make bench ROWS=11a`). Who counts, lists or
//! closes has one lock to take, and whoever cancels need not know where the timer was started.
//!
//! In a child of fork neither the service nor the entries exist. The wheel is forgotten there at first use, together with its references:
//! to let go of a million entries would copy as many pages.

mod wheel;

pub use wheel::{Entry, NEVER, Node};

use crate::park::{Deadline, Mutex, MutexGuard, Notice, Notifier, Wait, WaitList, Wake};
use crate::status::Error;
use crate::sys::clock::now_ns;
use crate::sys::fork;
use std::sync::Arc;
use wheel::{Next, Wheel};

/// How long the service stays without anything to wait for. Some thousand times what it costs to start a thread, so that starts of threads do
/// not count.
const LINGER_NS: u64 = 100_000_000;

/// `asleep_until` while the service is awake: no deadline is earlier.
const AWAKE: u64 = 0;

const LOOK: Notice = Notice::new(1);
const SETTLED: Notice = Notice::new(1);

/// All pending entries, and the service thread that waits for them.
#[derive(Debug)]
pub struct Service<T: Entry> {
    pending: Mutex<Pending<T>>,
}

/// What the service's lock guards.
#[derive(Debug)]
pub struct Pending<T: Entry> {
    wheel: Wheel<T>,
    is_present: bool,
    asleep_until: u64,
    is_lingering: bool,
    /// The service thread, while it sleeps.
    sleeper: WaitList,
    /// Those who wait until no entry is awaited.
    awaiting: WaitList,
    /// Nothing is started any more.
    is_closed: bool,
    /// The fork epoch in which all this is true.
    epoch: u32,
}

/// The service is to look at the wheel: it has been taken off its wait list, and is woken by `wake`, best after the lock.
#[must_use = "the service sleeps too long if it is not woken"]
#[derive(Debug)]
pub struct Look(Option<Notifier>);

impl Look {
    /// Wakes the service, if it has to look.
    pub fn wake(self) {
        if let Some(sleeper) = self.0 {
            sleeper.notify(LOOK);
        }
    }
}

impl<T: Entry> Service<T> {
    /// Without entries.
    #[cfg(not(loom))]
    pub const fn new() -> Service<T> {
        Service { pending: Mutex::new(Pending::new()) }
    }

    /// Without entries.
    #[cfg(loom)]
    pub fn new() -> Service<T> {
        Service { pending: Mutex::new(Pending::new()) }
    }

    /// Locks.
    pub fn lock(&self) -> MutexGuard<'_, Pending<T>> {
        let mut pending = self.pending.lock();
        if pending.epoch != fork::epoch() {
            pending.forget();
        }
        pending
    }

    /// What the service thread does, until there has been nothing to wait for for a while. `fire` gets each entry that is due, in the hold
    /// of the lock in which it left the wheel.
    pub fn serve(&self, fire: impl Fn(MutexGuard<'_, Pending<T>>, Arc<T>)) {
        let mut pending = self.lock();
        let mut has_lingered = false;
        loop {
            let moment = match pending.wheel.next(now_ns()) {
                Next::Due(entry) => {
                    pending.notify_awaiting();
                    fire(pending, entry);
                    pending = self.lock();
                    has_lingered = false;
                    continue;
                }
                Next::Again => {
                    drop(pending);
                    pending = self.lock();
                    continue;
                }
                Next::At(moment) => moment,
            };
            pending.is_lingering = moment == NEVER;
            if pending.is_lingering && has_lingered {
                pending.is_present = false;
                return;
            }
            has_lingered = pending.is_lingering;
            let limit = if has_lingered { now_ns() + LINGER_NS } else { moment };
            pending.asleep_until = limit;
            // Without spinning, which does not pay: nobody is about to hand something over.
            let sleep = Wait::until(Deadline::at_ns(limit)).asleep();
            match Mutex::wait_as(pending, sleep, |pending| &mut pending.sleeper) {
                Wake::Notified(_) => {
                    pending = self.lock();
                    has_lingered = false;
                }
                Wake::TimedOut(still) => {
                    pending = still;
                    pending.asleep_until = AWAKE;
                }
            }
        }
    }

    /// Waits until no entry is awaited, at some moment.
    pub fn wait_until_none_is_awaited(&self) {
        let mut pending = self.lock();
        while pending.wheel.awaited() > 0 {
            match Mutex::wait(pending, Deadline::NEVER, |pending| &mut pending.awaiting) {
                Wake::Notified(_) => pending = self.lock(),
                Wake::TimedOut(still) => pending = still,
            }
        }
    }
}

impl<T: Entry> Pending<T> {
    const fn new() -> Pending<T> {
        Pending {
            wheel: Wheel::new(),
            is_present: false,
            asleep_until: AWAKE,
            is_lingering: false,
            sleeper: WaitList::new(),
            awaiting: WaitList::new(),
            is_closed: false,
            epoch: 0,
        }
    }

    /// In a child of fork. The wheel has no destructor: what it refers to stays.
    #[cold]
    fn forget(&mut self) {
        *self = Pending { epoch: fork::epoch(), ..Pending::new() };
    }

    /// Starts an entry that is not pending: it will be due when its delay has passed, counted from `now`. `start_service` starts the
    /// service thread where there is none, and says whether it could: `NoThread`. `ShutDown`.
    pub fn start(
        &mut self,
        entry: Arc<T>,
        now: u64,
        is_awaited: bool,
        start_service: impl FnOnce() -> bool,
    ) -> Result<Look, Error> {
        self.check_open()?;
        let delay = self.wheel.delay_of(&entry);
        if !self.is_present && delay != NEVER {
            // Under the lock, so that no other entry relies on a thread that is then refused.
            if !start_service() {
                return Err(Error::NoThread);
            }
            self.is_present = true;
        }
        Ok(self.insert(entry, now.saturating_add(delay), is_awaited))
    }

    /// Puts an entry back that `fire` was given, to be due at another moment.
    pub fn postpone(&mut self, entry: Arc<T>, moment: u64, is_awaited: bool) -> Look {
        self.insert(entry, moment, is_awaited)
    }

    fn insert(&mut self, entry: Arc<T>, deadline: u64, is_awaited: bool) -> Look {
        self.wheel.insert(entry, deadline, is_awaited);
        if deadline < self.asleep_until { self.look() } else { Look(None) }
    }

    /// Takes an entry back, if it is pending.
    pub fn cancel(&mut self, entry: &T) -> Option<(Arc<T>, Look)> {
        let entry = self.wheel.remove(entry)?;
        self.notify_awaiting();
        let is_vain = self.asleep_until != AWAKE && !self.is_lingering && self.wheel.is_idle();
        Some((entry, if is_vain { self.look() } else { Look(None) }))
    }

    fn look(&mut self) -> Look {
        self.asleep_until = AWAKE;
        Look(self.sleeper.pop_front())
    }

    /// How many entries are pending.
    pub fn len(&self) -> usize {
        self.wheel.len()
    }

    /// All that are pending, in no order, in a list with room for `more`: `NoMemory`.
    pub fn all(&self, more: usize) -> Result<Vec<Arc<T>>, Error> {
        self.wheel.all(more)
    }

    /// `ShutDown` after `close`.
    pub fn check_open(&self) -> Result<(), Error> {
        if self.is_closed { Err(Error::ShutDown) } else { Ok(()) }
    }

    /// Refuses starts from now on, if no entry is awaited: whether it does.
    pub fn close(&mut self) -> bool {
        self.is_closed = self.wheel.awaited() == 0;
        self.is_closed
    }

    fn notify_awaiting(&mut self) {
        if self.wheel.awaited() == 0 && !self.awaiting.is_empty() {
            self.awaiting.take_all().notify_all(SETTLED);
        }
    }
}
