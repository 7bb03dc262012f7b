//! Pace: how many tasks a worker takes from another's lane at a time, and how soon it comes again.
//!
//! A lane that several threads want is passed from processor to processor with each task that is put or taken, which takes longer than
//! a small task. So:
//!
//! - **Shares.** As long as tasks are small a worker takes several at once: twice as many each time that a share has not lasted, half as
//!   many when it has. Tasks that take longer are taken one by one, and start in the order of their submits with several workers, too.
//! - **Rests.** If a worker finds but a few tasks in the lane of a thread outside, and that one had to wait for the lane meanwhile, or
//!   submits as fast as it can, then workers are faster than it, and with every look they only hold it up. The worker comes again after a
//!   short rest, for more at once. A thread that waits for one task before it submits the next finds no worker resting.

use super::lane::{Queue, Withdrawable};
use super::shift::Shift;
use crate::park::spin_till;
use crate::sys::clock;
use core::cell::Cell;
use std::collections::VecDeque;

/// The most that is taken at once.
const LARGEST_SHARE: usize = 64;
/// A share is to last for about so long.
const SHARE_NS: u64 = 5_000;

/// Tasks that come faster than one in so long are submitted one after the other, without a wait between.
const STREAM_NS: u64 = 200;
/// Fewer than so many in the lane are a few.
const FEW: usize = 8;
/// A rest: about as long as it takes to wake a thread.
const REST_NS: u64 = 20_000;

/// A look around disturbs others who submit or take, so small tasks bring about no more than one in this time.
const LOOK_AROUND_NS: u64 = 200_000;

/// One worker's pace.
#[derive(Debug)]
pub(super) struct Pace {
    share: Cell<usize>,
    /// The last time: when, from which lane, and how many tasks had ever been submitted to that by then.
    taken_at: Cell<u64>,
    lane: Cell<usize>,
    submitted: Cell<u64>,
    rest_until: Cell<u64>,
    looked_around_at: Cell<u64>,
}

impl Pace {
    /// One by one, and at once.
    pub fn new() -> Pace {
        Pace {
            share: Cell::new(1),
            taken_at: Cell::new(0),
            lane: Cell::new(usize::MAX),
            submitted: Cell::new(0),
            rest_until: Cell::new(0),
            looked_around_at: Cell::new(0),
        }
    }

    /// Whether the last look around lies long enough back for another one.
    pub fn is_time_to_look_around(&self) -> bool {
        let now = clock::now_ns();
        let is_time = now - self.looked_around_at.get() >= LOOK_AROUND_NS;
        if is_time {
            self.looked_around_at.set(now);
        }
        is_time
    }

    /// Before another's lane is locked. The rest is no part of what the last share has lasted.
    #[inline]
    pub fn rest(&self) {
        let until = self.rest_until.take();
        if until != 0 {
            spin_till(until);
            self.taken_at.set(until);
        }
    }

    /// Takes a share of the queue, which is that of this lane.
    pub fn take<E: Withdrawable>(&self, lane: usize, queue: &mut Queue<E>, hand: &mut VecDeque<E>) {
        let now = clock::now_ns();
        let elapsed = now - self.taken_at.replace(now);
        let is_same = self.lane.replace(lane) == lane;
        let came = queue.submitted.wrapping_sub(self.submitted.replace(queue.submitted));
        let is_stream = is_same && came.saturating_mul(STREAM_NS) > elapsed;
        if (queue.has_held_up() || is_stream) && queue.len() < FEW && Shift::is_outside(lane) {
            self.rest_until.set(now + REST_NS);
        }
        let share = self.share.get();
        self.share.set(if elapsed > SHARE_NS { (share / 2).max(1) } else { (share * 2).min(LARGEST_SHARE) });
        queue.share(self.share.get(), hand);
    }

    /// As many as the last time, without a rest.
    pub fn take_besides<E: Withdrawable>(&self, queue: &mut Queue<E>, hand: &mut VecDeque<E>) {
        queue.share(self.share.get(), hand);
    }
}
