//! Split: what a parallel for is divided by.

use super::{Watched, model};
use crate::exec::split::Split;
use crate::park::Deadline;
use loom::sync::Arc;
use loom::thread;

/// So many units and two threads, which take from each other: each unit is taken once, and who has waited sees what was done for
/// it.
fn every_unit_once(units: usize, single: bool) {
    model(move || {
        let split = Arc::new(Split::new(units as u32, 2, single));
        let numbers: Vec<_> = (0..units).map(|_| Watched::new()).collect();
        let work = |split: &Split, numbers: &[std::sync::Arc<Watched>]| {
            split.work(|begin, end| (begin..end).for_each(|unit| numbers[unit as usize].add(1)));
        };
        let other = {
            let (split, numbers) = (split.clone(), numbers.clone());
            thread::spawn(move || work(&split, &numbers))
        };
        work(&split, &numbers);
        split.wait(Deadline::NEVER).unwrap();
        numbers.iter().for_each(|number| assert_eq!(number.get(), 1));
        other.join().unwrap();
    });
}

#[test]
fn two_threads_share_single_units() {
    every_unit_once(3, true);
}

/// Pieces of two units at first.
#[test]
fn two_threads_share_pieces() {
    every_unit_once(16, false);
}
