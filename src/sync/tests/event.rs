use super::super::Event;
use super::{on_threads, scaled, seconds, until};
use crate::status::Error;
use core::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[test]
fn states() {
    let event = Event::new();
    assert!(!event.is_set());
    assert_eq!(event.wait_timeout(seconds(0.0)), Err(Error::TimedOut));
    event.set();
    event.set();
    assert!(event.is_set());
    event.wait();
    assert_eq!(event.wait_timeout(seconds(0.0)), Ok(()));
    event.clear();
    event.clear();
    let begin = Instant::now();
    assert_eq!(event.wait_timeout(seconds(0.02)), Err(Error::TimedOut));
    assert!(begin.elapsed() >= Duration::from_millis(20));
}

/// Sets that are cleared at once, against waits with limits of any length: whoever waits without a limit gets through.
fn set_and_clear(waiters: usize, rounds: u64) {
    let event = Event::new();
    let done = AtomicU64::new(0);
    on_threads(waiters + 1, |thread| {
        if thread == waiters {
            until(|| {
                event.set();
                event.clear();
                done.load(Ordering::Relaxed) == waiters as u64 * rounds
            });
            return;
        }
        for round in 0..rounds {
            if thread % 2 == 0 {
                event.wait();
            } else {
                let _ = event.wait_timeout(seconds((round % 50) as f64 * 1e-6));
            }
            done.fetch_add(1, Ordering::Relaxed);
        }
    });
}

#[test]
fn a_set_that_is_cleared_at_once_wakes_all_who_wait() {
    set_and_clear(8, scaled(300) as u64);
}

#[test]
fn oversubscribed() {
    set_and_clear(64, scaled(30) as u64);
}
