//! Split: a range of work that several threads take pieces of, each from a share of its own, and from another's when its own
//! is empty.
//!
//! ```text
//! share word   | 63: end ... 32 | 31: begin ... 0 |     what nobody has begun, in units
//!
//!   the owner takes from the front:    begin .. begin + piece
//!   a thief takes the back half:       the middle .. end, which becomes its own share
//! ```
//!
//! All of the range is in the first share at the beginning, and is split when a thread comes that has nothing: who comes late
//! gets less, and a range that nobody helps with is never split. The owner's pieces are a fraction of what its share still has, so
//! that they are few, and the last ones short enough for all to end at about the same time.
//!
//! A share that is not empty has an owner at work: only a thread that takes part fills its own, when it is empty. So nothing is
//! forgotten when a thread that finds nothing leaves, though a thief that has just taken something from one share and not
//! put it into its own may let it leave too early.
//!
//! Every unit is taken once: each step is a compare-and-swap of a whole share, and what it takes is in no other share. That a word
//! may have changed and be the same again does no harm, since it then says what there is to take.
//!
//! `left` counts the units that nobody has finished. A thread takes off it what it has done when its share is empty, and who takes
//! off the last sets `over`. Ordering: each of these is a release, and the last one acquires all of them; `Event` passes that
//! on. The shares' words carry no data, so they need none.

use crate::park::Deadline;
use crate::status::Error;
use crate::sync::Event;
use crate::sys::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A piece is this fraction of its share.
const PIECES: u32 = 8;

/// What one thread has to do, in a pair of cache lines of its own.
#[repr(align(128))]
struct Share(AtomicU64);

fn pack(begin: u32, end: u32) -> u64 {
    u64::from(end) << 32 | u64::from(begin)
}

fn unpack(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

impl Share {
    /// Changes what there is by `step`, which gives what is left there and what is taken: what was taken, or None if it was empty.
    fn take(&self, step: impl Fn(u32, u32) -> ((u32, u32), (u32, u32))) -> Option<(u32, u32)> {
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            let (begin, end) = unpack(seen);
            if begin == end {
                return None;
            }
            let (left, taken) = step(begin, end);
            match self.0.compare_exchange_weak(seen, pack(left.0, left.1), Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(taken),
                Err(now) => seen = now,
            }
        }
    }

    fn len(&self) -> u32 {
        let (begin, end) = unpack(self.0.load(Ordering::Relaxed));
        end - begin
    }
}

/// Units `0..n`, shared out among those who take part.
pub struct Split {
    shares: Box<[Share]>,
    /// Pieces of one unit each.
    single: bool,
    /// The next share that has no owner.
    joined: AtomicUsize,
    left: AtomicUsize,
    over: Event,
}

impl Split {
    /// For at most so many threads. Each gets single units if `single`, else pieces of the length that suits.
    pub fn new(units: u32, threads: usize, single: bool) -> Split {
        let words = (0..threads).map(|thread| if thread == 0 { pack(0, units) } else { 0 });
        Split {
            shares: words.map(|word| Share(AtomicU64::new(word))).collect(),
            single,
            joined: AtomicUsize::new(0),
            left: AtomicUsize::new(units as usize),
            over: Event::new(),
        }
    }

    /// Takes part: runs `run` for pieces, begin and end, until there are none to be had. Who takes part first begins with the share
    /// that has it all.
    pub fn work(&self, mut run: impl FnMut(u32, u32)) {
        // Relaxed: it only keeps two threads from owning one share.
        let Some(own) = self.shares.get(self.joined.fetch_add(1, Ordering::Relaxed)) else { return };
        loop {
            let mut done = 0;
            while let Some((begin, end)) = self.next_piece(own) {
                run(begin, end);
                done += (end - begin) as usize;
            }
            if done > 0 && self.left.fetch_sub(done, Ordering::AcqRel) == done {
                return self.over.set();
            }
            if !self.steal_for(own) {
                return;
            }
        }
    }

    fn next_piece(&self, own: &Share) -> Option<(u32, u32)> {
        own.take(|begin, end| {
            let piece = if self.single { 1 } else { ((end - begin) / PIECES).max(1) };
            ((begin + piece, end), (begin, begin + piece))
        })
    }

    /// Fills an empty share with the back half of the fullest: false if all are empty.
    fn steal_for(&self, own: &Share) -> bool {
        loop {
            let Some(fullest) = self.shares.iter().max_by_key(|share| share.len()) else { return false };
            if fullest.len() == 0 {
                return false;
            }
            let stolen = fullest.take(|begin, end| {
                let middle = begin + (end - begin) / 2;
                ((begin, middle), (middle, end))
            });
            if let Some((begin, end)) = stolen {
                // Nobody else fills it, and from an empty one nobody takes.
                own.0.store(pack(begin, end), Ordering::Relaxed);
                return true;
            }
        }
    }

    /// Whether all of it has been done, at this moment. If so, what was done is seen.
    pub fn is_over(&self) -> bool {
        self.over.is_set()
    }

    /// Waits until all of it has been done: `TimedOut`.
    pub fn wait(&self, deadline: Deadline) -> Result<(), Error> {
        self.over.wait_until(deadline)
    }
}
