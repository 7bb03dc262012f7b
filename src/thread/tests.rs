//! Threads by themselves, without the C functions.

use super::*;
use crate::callback::Failure;
use core::sync::atomic::AtomicBool;

#[test]
fn a_life() {
    let seen = Arc::new(AtomicBool::new(false));
    let held = seen.clone();
    let thread = Thread::new(Some(Target::from_fn(move || {
        held.store(true, Ordering::Relaxed);
        Err(Failure::new(crate::callback::PIRN_EXIT, None))
    })));
    assert_eq!(thread.join(Deadline::NEVER), Err(Error::NotStarted));
    assert_eq!(thread.ident(), Err(Error::NotStarted));
    thread.start().unwrap();
    assert_eq!(thread.start(), Err(Error::AlreadyStarted));
    thread.join(Deadline::NEVER).unwrap();
    thread.join(Deadline::PASSED).unwrap();
    assert!(seen.load(Ordering::Relaxed));
    assert_eq!(Arc::strong_count(&seen), 1, "the argument is given back before a join returns");
    assert!(!thread.is_alive());
    assert!(!enumerate().unwrap().iter().any(|other| Arc::ptr_eq(other, &thread)));
    assert_eq!(thread.exit_code(), Ok(crate::callback::PIRN_EXIT));
    assert_ne!(thread.ident(), Ok(0));
    assert_eq!(thread.start(), Err(Error::AlreadyStarted));
}

#[test]
fn many_join_one() {
    let go = Arc::new(Event::new());
    let held = go.clone();
    let thread = Thread::new(Some(Target::from_fn(move || {
        held.wait();
        Ok(())
    })));
    thread.start().unwrap();
    assert_eq!(thread.join(Deadline::PASSED), Err(Error::TimedOut));
    assert_eq!(thread.exit_code(), Err(Error::InvalidState));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| thread.join(Deadline::NEVER).unwrap());
        }
        go.set();
    });
}

#[test]
fn nobody_joins_itself() {
    let thread = Thread::new(Some(Target::from_fn(|| {
        assert_eq!(current().unwrap().join(Deadline::NEVER), Err(Error::Deadlock));
        Ok(())
    })));
    thread.start().unwrap();
    thread.join(Deadline::NEVER).unwrap();
    assert_eq!(thread.exit_code(), Ok(0));
}

#[test]
fn daemon_is_inherited_from_threads_of_pirn_only() {
    std::thread::spawn(|| {
        assert!(current().unwrap().daemon());
        let parent = Thread::new(Some(Target::from_fn(|| {
            assert!(Thread::new(None).daemon());
            Ok(())
        })));
        assert!(!parent.daemon());
        parent.set_daemon(true).unwrap();
        parent.start().unwrap();
        assert_eq!(parent.set_daemon(false), Err(Error::AlreadyStarted));
        parent.join(Deadline::NEVER).unwrap();
        assert_eq!(parent.exit_code(), Ok(0));
    })
    .join()
    .unwrap();
}

#[test]
fn a_dummy_leaves_with_its_thread() {
    let dummy = std::thread::spawn(|| {
        let dummy = current().unwrap();
        assert!(dummy.is_alive() && dummy.name().starts_with("Dummy-"));
        assert!(enumerate().unwrap().iter().any(|other| Arc::ptr_eq(other, &dummy)));
        dummy
    })
    .join()
    .unwrap();
    assert_eq!(dummy.join(Deadline::NEVER), Err(Error::Deadlock));
    assert!(!dummy.is_alive());
    assert!(!enumerate().unwrap().iter().any(|other| Arc::ptr_eq(other, &dummy)));
}
