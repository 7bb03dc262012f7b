//! Hooks: callbacks that may be replaced while they run.
//!
//! A [`Place`] holds the hook that is to be called there. Whoever calls it takes a reference of its own under the place's mutex
//! and calls without it; whoever replaces it takes the old reference out and lets go of it, also without. So a hook that was
//! replaced while it ran lives to the end of that call, its argument is given back by whoever lets go last, once, and no user code
//! runs under the mutex. A call that begins after the replacement has returned finds the new hook.
//!
//! A [`Source`] is where places that come later have their hook from. It can be set together with all places that there are, and
//! none is left out that comes meanwhile: a place is made known first and supplied then, and both the setting (from the source's
//! new hook to the last of the known places) and the supply are done under the source's mutex. So a place either is
//! known when the setter asks for all, and its supply came before or finds the new hook; or it is not, and then its supply comes after.

use crate::fallible;
use crate::park::Mutex;
use crate::status::Error;
#[cfg(loom)]
use loom::sync::Arc;
#[cfg(not(loom))]
use std::sync::Arc;

/// Where a hook is, and is called from. Several places may share one hook.
pub struct Place<H> {
    state: Mutex<State<H>>,
}

struct State<H> {
    hook: Option<Arc<H>>,
    /// It takes no hook any more.
    closed: bool,
}

impl<H> core::fmt::Debug for Place<H> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}

impl<H> Place<H> {
    /// Without a hook.
    #[cfg(not(loom))]
    pub const fn new() -> Place<H> {
        Place { state: Mutex::new(State { hook: None, closed: false }) }
    }

    /// Without a hook.
    #[cfg(loom)]
    pub fn new() -> Place<H> {
        Place { state: Mutex::new(State { hook: None, closed: false }) }
    }

    /// The hook that is here now.
    pub fn get(&self) -> Option<Arc<H>> {
        self.state.lock().hook.clone()
    }

    /// Puts `hook` here, and gives what is to be dropped instead, without any lock held: the one before; or `hook` itself
    /// if the place is closed.
    #[must_use = "dropping a hook may run user code"]
    pub fn replace(&self, hook: Option<Arc<H>>) -> Option<Arc<H>> {
        let mut state = self.state.lock();
        if state.closed { hook } else { core::mem::replace(&mut state.hook, hook) }
    }

    /// Takes hooks again, after a `close`.
    pub fn open(&self) {
        self.state.lock().closed = false;
    }

    /// Takes the hook away, for good or until `open`.
    #[must_use = "dropping a hook may run user code"]
    pub fn close(&self) -> Option<Arc<H>> {
        let mut state = self.state.lock();
        state.closed = true;
        state.hook.take()
    }
}

/// Who has been given a hook, and the hooks before: dropping either may run user code.
pub type Set<T, H> = (Vec<T>, Vec<Option<Arc<H>>>);

/// Where places that come later have their hook from.
#[derive(Debug)]
pub struct Source<H> {
    /// Outside of the places' mutexes, and of what guards who is known.
    setting: Mutex<()>,
    place: Place<H>,
}

impl<H> Source<H> {
    /// Without a hook.
    #[cfg(not(loom))]
    pub const fn new() -> Source<H> {
        Source { setting: Mutex::new(()), place: Place::new() }
    }

    /// Without a hook.
    #[cfg(loom)]
    pub fn new() -> Source<H> {
        Source { setting: Mutex::new(()), place: Place::new() }
    }

    /// The hook that is set.
    pub fn get(&self) -> Option<Arc<H>> {
        self.place.get()
    }

    /// Sets the hook, also in the known places: those of `others`. Gives what is to be dropped without any lock held. `NoMemory`, and
    /// then nothing is set.
    pub fn set<T>(
        &self,
        hook: Option<Arc<H>>,
        others: impl FnOnce() -> Result<Vec<T>, Error>,
        place_of: impl Fn(&T) -> &Place<H>,
    ) -> Result<Set<T, H>, Error> {
        // Before the lock, so that they outlive it.
        let (known, mut before);
        let _setting = self.setting.lock();
        known = others()?;
        before = fallible::with_capacity(known.len() + 2)?;
        before.push(self.place.replace(hook.clone()));
        before.extend(known.iter().map(|other| place_of(other).replace(hook.clone())));
        before.push(hook);
        Ok((known, before))
    }

    /// Puts the hook that is set into a place, which is known by now. Gives what is to be dropped without any lock held.
    #[must_use = "dropping a hook may run user code"]
    pub fn supply(&self, place: &Place<H>) -> Option<Arc<H>> {
        let _setting = self.setting.lock();
        place.replace(self.place.get())
    }
}
