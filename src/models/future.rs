//! A future's state word: who takes an edge, who is told, who lets go; and the hand-over to who waits for several.

use super::{Watched, model, soon};
use crate::exec::channel::Channel;
use crate::exec::state::{Owners, Phase, Settled, State, Turned};
use crate::park::{Crowd, Deadline};
use crate::status::Error;
use crate::sys::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sys::futex;
use crate::word::Tag;
use loom::sync::{Arc, Mutex};
use loom::thread;

const TAG: Tag = Tag::new(1 << 40, 12);

/// A future as a record is: the word, where who waits sleeps, the outcome, and followers under a bucket.
struct Future {
    word: AtomicU64,
    crowd: Crowd,
    /// 1 from the task, 2 by hand.
    outcome: [Watched; 2],
    /// How many follow, and how many of them have been told.
    bucket: Mutex<(usize, usize)>,
    buried: AtomicUsize,
}

impl Future {
    fn new(owners: Owners) -> Arc<Future> {
        Arc::new(Future {
            word: AtomicU64::new(State::first(TAG, owners)),
            crowd: Crowd::new(),
            outcome: Default::default(),
            bucket: Mutex::new((0, 0)),
            buried: AtomicUsize::new(0),
        })
    }

    fn state(&self) -> State<'_> {
        State(&self.word)
    }

    fn bury_if(&self, last: bool) {
        if last {
            // The last owner comes after all others: loom reports it if the outcome is still in use.
            self.outcome.iter().for_each(|outcome| outcome.add(10));
            assert_eq!(self.buried.fetch_add(1, Ordering::AcqRel), 0);
        }
    }

    fn release(&self) {
        self.bury_if(self.state().release());
    }

    /// The end of the task, as `exec::future` has it: whether it was the task that ended the future.
    fn settle(&self) -> bool {
        self.outcome[0].add(1);
        match self.state().settle(Phase::Result) {
            Settled::Quiet { last } => {
                self.bury_if(last);
                return true;
            }
            Settled::Heard(before) => {
                assert!(before.is_waited());
                self.crowd.wake_all();
            }
            Settled::Followed => {
                let ended = self.end(|phase| (phase == Phase::Running).then_some(Phase::Result));
                self.release();
                return ended;
            }
            Settled::Missed => {
                self.release();
                return false;
            }
        }
        self.release();
        true
    }

    /// Any other end.
    fn end(&self, next: impl Fn(Phase) -> Option<Phase>) -> bool {
        let mut turned = self.state().turn(false, &next);
        if turned == Turned::Followed {
            let mut bucket = self.bucket.lock().unwrap();
            turned = self.state().turn(true, &next);
            if let Turned::Done(_) = turned {
                bucket.1 = bucket.0;
                self.state().unfollow();
            }
        }
        let Turned::Done(before) = turned else { return false };
        if before.is_waited() {
            self.crowd.wake_all();
        }
        true
    }

    fn cancel(&self) -> bool {
        self.end(|phase| (phase == Phase::Pending).then_some(Phase::CancelledAndNotified))
    }
}

/// A task starts, or is cancelled, and never both; its share of the ownership goes with it, and the last owner lets go once.
#[test]
fn cancel_against_start() {
    model(|| {
        let future = Future::new(Owners::TaskAndHandle);
        let worker = {
            let future = future.clone();
            thread::spawn(move || future.state().claim(TAG) && future.settle())
        };
        future.state().enter(TAG).unwrap();
        let cancelled = future.cancel();
        if cancelled {
            future.release();
        }
        let last = future.state().close(TAG).unwrap();
        future.bury_if(last);
        future.release();
        assert_eq!(future.state().enter(TAG), Err(Error::InvalidHandle));
        let ran = worker.join().unwrap();
        assert!(ran != cancelled);
        assert_eq!(future.buried.load(Ordering::Acquire), 1);
    });
}

/// Finished by hand while the task ends: one of the two, and it is that one's outcome that is seen.
#[test]
fn by_hand_against_completion() {
    model(|| {
        let future = Future::new(Owners::TaskAndHandle);
        assert!(future.state().claim(TAG));
        let worker = {
            let future = future.clone();
            thread::spawn(move || future.settle())
        };
        future.outcome[1].add(1);
        let by_hand = future.end(|phase| (!phase.is_over()).then_some(Phase::ResultByHand));
        let place = usize::from(future.state().load().phase() == Phase::ResultByHand);
        assert_eq!((place == 1, future.outcome[place].get()), (by_hand, 1));
        let last = future.state().close(TAG).unwrap();
        future.bury_if(last);
        assert!(worker.join().unwrap() != by_hand);
        assert_eq!(future.buried.load(Ordering::Acquire), 1);
    });
}

/// Who waits is woken, and sees the outcome; the handle is freed meanwhile.
#[test]
fn a_wait_against_completion() {
    model(|| {
        let future = Future::new(Owners::TaskAndHandle);
        assert!(future.state().claim(TAG));
        let waiter = {
            let future = future.clone();
            future.state().enter(TAG).unwrap();
            thread::spawn(move || {
                assert!(future.state().wait(&future.crowd, Deadline::NEVER));
                assert_eq!(future.outcome[0].get(), 1);
                future.release();
            })
        };
        assert!(future.settle());
        let last = future.state().close(TAG).unwrap();
        future.bury_if(last);
        waiter.join().unwrap();
        assert_eq!(future.buried.load(Ordering::Acquire), 1);
    });
}

/// A wait with a limit against a cancel: it times out, or finds the future over; nothing stays behind.
#[test]
fn a_timed_wait_against_cancel() {
    model(|| {
        let future = Future::new(Owners::TaskAndHandle);
        let waiter = {
            let future = future.clone();
            thread::spawn(move || {
                let over = future.state().wait(&future.crowd, soon());
                assert!(!over || future.state().load().phase() == Phase::CancelledAndNotified);
            })
        };
        let clock = thread::spawn(futex::expire);
        assert!(future.cancel());
        waiter.join().unwrap();
        clock.join().unwrap();
    });
}

/// Who follows is told, once, or finds the future over.
#[test]
fn a_follower_against_completion() {
    model(|| {
        let future = Future::new(Owners::TaskAndHandle);
        assert!(future.state().claim(TAG));
        let follower = {
            let future = future.clone();
            thread::spawn(move || {
                let mut bucket = future.bucket.lock().unwrap();
                let follows = future.state().follow(Phase::is_over).is_ok();
                bucket.0 += usize::from(follows);
                follows
            })
        };
        assert!(future.settle());
        assert!(future.state().load().phase().is_over());
        // As `Future::look`: over, and FOLLOWED no longer, means that all have been told.
        assert!(future.state().load().is_settled());
        let follows = follower.join().unwrap();
        assert_eq!(*future.bucket.lock().unwrap(), (usize::from(follows), usize::from(follows)));
    });
}

/// As they complete: two futures push, two threads take; each is taken once, in the order in which one thread pushed them, and who
/// waits when all have been taken is told.
#[test]
fn as_completed_hands_over() {
    model(|| {
        let channel = Arc::new(Channel::new(2, 1, false).unwrap());
        let taker = {
            let channel = channel.clone();
            thread::spawn(move || channel.take(Deadline::NEVER))
        };
        let pusher = {
            let channel = channel.clone();
            thread::spawn(move || {
                for position in 0..2 {
                    channel.push(position, false).into_iter().for_each(Channel::notify);
                }
            })
        };
        let mine = channel.take(Deadline::NEVER);
        let theirs = taker.join().unwrap();
        pusher.join().unwrap();
        assert!((mine, theirs) == (Ok(0), Ok(1)) || (mine, theirs) == (Ok(1), Ok(0)));
        assert_eq!(channel.take(Deadline::NEVER), Err(Error::End));
    });
}
