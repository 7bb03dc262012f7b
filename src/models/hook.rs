//! Hooks that are replaced while they run, and places that come while one is set for all.

use super::{Watched, model};
use crate::hook::{Place, Source};
use crate::park::Mutex;
use crate::sys::atomic::{AtomicUsize, Ordering};
use loom::sync::Arc;
use loom::thread;
use std::sync::Arc as Shared;

/// A hook whose calls and whose end touch the same thing: loom reports an end that comes during a call.
struct Probe {
    number: usize,
    used: Shared<Watched>,
    freed: Shared<AtomicUsize>,
}

impl Probe {
    fn call(&self) -> usize {
        self.used.get();
        self.number
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.used.add(1);
        self.freed.fetch_add(1, Ordering::Relaxed);
    }
}

fn probe(number: usize, freed: &Shared<AtomicUsize>) -> Arc<Probe> {
    Arc::new(Probe { number, used: Watched::new(), freed: freed.clone() })
}

/// Two callers and a replacement: no hook ends during a call, each ends once, and a call after the replacement finds the new one.
#[test]
fn replaced_while_it_runs() {
    model(|| {
        let freed = Shared::new(AtomicUsize::new(0));
        let place = Shared::new(Place::new());
        drop(place.replace(Some(probe(1, &freed))));
        let call = |place: Shared<Place<Probe>>| move || place.get().map_or(0, |hook| hook.call());
        let callers = [thread::spawn(call(place.clone())), thread::spawn(call(place.clone()))];
        drop(place.replace(Some(probe(2, &freed))));
        assert_eq!(call(place.clone())(), 2);
        for caller in callers {
            assert!([1, 2].contains(&caller.join().unwrap()));
        }
        assert_eq!(freed.load(Ordering::Relaxed), 1);
        drop(place.close());
        assert_eq!(freed.load(Ordering::Relaxed), 2);
        drop(place.replace(Some(probe(3, &freed))));
        assert_eq!(freed.load(Ordering::Relaxed), 3, "a closed place takes none");
    });
}

/// A thread starts while a hook is set for all: it has the hook then. It takes the short way if it finds that there is none.
#[test]
fn none_is_left_out() {
    model(|| {
        let freed = Shared::new(AtomicUsize::new(0));
        let existing = Shared::new(AtomicUsize::new(0));
        let source = Shared::new(Source::new());
        let known: Shared<Mutex<Vec<Shared<Place<Probe>>>>> = Shared::new(Mutex::new(Vec::new()));
        let starting = {
            let (existing, source, known) = (existing.clone(), source.clone(), known.clone());
            thread::spawn(move || {
                let place = Shared::new(Place::new());
                known.lock().push(place.clone());
                if existing.load(Ordering::Relaxed) != 0 {
                    drop(source.supply(&place));
                }
                place
            })
        };
        for number in [1, 2] {
            existing.fetch_add(1, Ordering::Relaxed);
            drop(source.set(Some(probe(number, &freed)), || Ok(known.lock().clone()), |place| place).unwrap());
        }
        let place = starting.join().unwrap();
        assert_eq!(place.get().map(|hook| hook.call()), Some(2));
        assert_eq!(freed.load(Ordering::Relaxed), 1);
    });
}
