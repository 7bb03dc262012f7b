//! Entries by the moment at which they are due: a hierarchical timing wheel that does not round.
//!
//! After Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987), scheme 7, with two changes. A tick is one nanosecond,
//! the clock's own unit, so that an entry is due at its deadline and not at the end of a tick; and time does not
//! advance tick by tick, but from one occupied slot to the next, found by a bitmap per level.
//!
//! A moment is a number of eleven digits of six bits, and `reached` is a moment that is not in the future. An entry lies on the level of
//! the most significant digit in which its deadline differs from `reached`, in the slot that this digit names; an entry that is due lies in
//! level 0, in the slot of `reached`'s own last digit:
//!
//! ```text
//! reached                      ... r3 r2 r1 r0
//! level 2   slots of deadlines ... r3 d2 __ __    with d2 > r2
//! level 1   slots of deadlines ... r3 r2 d1 __    with d1 > r1
//! level 0   slots of deadlines ... r3 r2 r1 d0    with d0 >= r0: a slot is one nanosecond
//! ```
//!
//! Deadlines of one level are before those of every higher one (they share a digit more with `reached`, which is before them all), and
//! on a level the slots are in order, without wrapping around, since the digits are greater than `reached`'s. So the first occupied
//! slot of the lowest occupied level holds the earliest deadline. When that slot's beginning has come `reached` moves there and its
//! entries move down, a few at a time: each moves ten times at most, six or seven times for a deadline an hour away. Linking and
//! unlinking are a few stores, whatever the number of entries.
//!
//! Why not a heap: an indexed one moves log n entries for each start and each cancel, of which most timers of real programs see both
//! and never fire; and a cancel that only marks its entry keeps it, with what it holds, until its deadline.
//!
//! When to look again: at the earliest deadline, if the first slot holds few entries, found by looking through them; else at the slot's
//! beginning, which is not after it. The latter wakes the waiting thread once more per level, and then for many entries together.

use crate::fallible;
use crate::status::Error;
use core::cell::UnsafeCell;
use core::ptr::{null, without_provenance};
use std::sync::Arc;

const DIGIT_BITS: u32 = 6;
const SLOTS: usize = 1 << DIGIT_BITS;
const LEVELS: usize = u64::BITS.div_ceil(DIGIT_BITS) as usize;
/// The list of the entries that are never due.
const NEVER_LIST: u16 = (LEVELS * SLOTS) as u16;
const LISTS: usize = NEVER_LIST as usize + 1;
/// On no list.
const UNLISTED: u16 = u16::MAX;

/// The moment that does not come.
pub const NEVER: u64 = u64::MAX;

/// How many entries move down before the caller may let others in.
const BATCH: usize = 64;
/// Up to how many entries of a slot are looked through for the earliest.
const FEW: usize = 16;

/// An object that can lie on a wheel.
///
/// # Safety
/// `node` always gives the same part of the object itself, and the object is used with one wheel only.
pub unsafe trait Entry: Sized {
    /// The wheel's part of the object.
    fn node(&self) -> &Node<Self>;
}

/// The wheel's part of an entry: guarded by whatever guards the wheel, once the entry is shared.
pub struct Node<T>(UnsafeCell<Place<T>>);

struct Place<T> {
    /// The delay until the entry is started, the deadline from then on.
    time: u64,
    previous: *const T,
    next: *const T,
    list: u16,
    is_awaited: bool,
}

// SAFETY: a node is reached by the wheel only, under the lock that guards it.
unsafe impl<T> Send for Node<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Node<T> {}

impl<T> core::fmt::Debug for Node<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Node")
    }
}

impl<T> Node<T> {
    /// For an entry that will be due so many nanoseconds after its start.
    pub const fn new(delay: u64) -> Node<T> {
        let nowhere = without_provenance(0);
        Node(UnsafeCell::new(Place {
            time: delay,
            previous: nowhere,
            next: nowhere,
            list: UNLISTED,
            is_awaited: false,
        }))
    }
}

struct List<T> {
    first: *const T,
    last: *const T,
}

/// The wheel. It holds a reference to each of its entries.
pub struct Wheel<T: Entry> {
    reached: u64,
    /// Bit n of a level's word: its slot n is not empty.
    occupied: [u64; LEVELS],
    /// The slots of all levels, then the entries that are never due.
    lists: [List<T>; LISTS],
    /// The slot whose entries are moving down, whose beginning is `reached`: they are looked at before all others. 0 if there is
    /// none, since slot 0 of level 0 is the first of all anyway.
    opened: u16,
    len: usize,
    awaited: usize,
}

// SAFETY: the pointers are references to entries that may be sent and shared.
unsafe impl<T: Entry + Send + Sync> Send for Wheel<T> {}

impl<T: Entry> core::fmt::Debug for Wheel<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Wheel").field("len", &self.len).finish_non_exhaustive()
    }
}

/// What is to be done at some moment.
#[derive(Debug)]
pub enum Next<T> {
    /// This entry is due, and no longer on the wheel.
    Due(Arc<T>),
    /// There may be something to do at this moment at the earliest; `NEVER` if there is none.
    At(u64),
    /// Ask again: there is more to do than is done in one go.
    Again,
}

impl<T: Entry> Wheel<T> {
    /// An empty wheel.
    pub const fn new() -> Wheel<T> {
        Wheel {
            reached: 0,
            occupied: [0; LEVELS],
            lists: [const { List { first: null(), last: null() } }; LISTS],
            opened: 0,
            len: 0,
            awaited: 0,
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none of them will ever be due.
    pub fn is_idle(&self) -> bool {
        self.occupied.iter().all(|&slots| slots == 0)
    }

    /// How many of them were put here as awaited.
    pub fn awaited(&self) -> usize {
        self.awaited
    }

    /// The delay of an entry that was never put on the wheel.
    pub fn delay_of(&self, entry: &T) -> u64 {
        // SAFETY: the wheel's lock is held, which the reference to the wheel stands for.
        unsafe { (*entry.node().0.get()).time }
    }

    /// Puts an entry on the wheel that is not on it: it is due at `deadline`.
    pub fn insert(&mut self, entry: Arc<T>, deadline: u64, is_awaited: bool) {
        // SAFETY: as above.
        let place = unsafe { &mut *entry.node().0.get() };
        debug_assert_eq!(place.list, UNLISTED);
        place.time = deadline;
        place.is_awaited = is_awaited;
        self.len += 1;
        self.awaited += usize::from(is_awaited);
        self.link(Arc::into_raw(entry));
    }

    /// Takes an entry off the wheel, if it is there.
    pub fn remove(&mut self, entry: &T) -> Option<Arc<T>> {
        // SAFETY: as above.
        let place = unsafe { &*entry.node().0.get() };
        if place.list == UNLISTED {
            return None;
        }
        self.len -= 1;
        self.awaited -= usize::from(place.is_awaited);
        self.unlink(entry);
        // SAFETY: from `Arc::into_raw` in `insert`; the entry is on no list any more.
        Some(unsafe { Arc::from_raw(entry) })
    }

    /// What is to be done at the moment `now`.
    pub fn next(&mut self, now: u64) -> Next<T> {
        for _ in 0..BATCH {
            let Some(list) = self.first_list() else {
                self.reached = self.reached.max(now);
                return Next::At(NEVER);
            };
            let begin = self.begin_of(list);
            if begin > now {
                // All that is pending lies beyond `now`, so this changes nobody's place: up to the digit that names the first
                // slot `now` has the digits of `reached`, and there a lesser one than the slot.
                self.reached = self.reached.max(now);
                return Next::At(self.earliest_of_few(list).unwrap_or(begin));
            }
            self.reached = begin;
            let first = self.lists[usize::from(list)].first;
            // SAFETY: entries on a list are alive; the wheel holds a reference.
            let entry = unsafe { &*first };
            if usize::from(list) < SLOTS {
                return self.remove(entry).map_or(Next::Again, Next::Due);
            }
            self.opened = list;
            self.unlink(entry);
            self.link(first);
        }
        Next::Again
    }

    /// All entries, in no order, in a list with room for `more`: `NoMemory`.
    pub fn all(&self, more: usize) -> Result<Vec<Arc<T>>, Error> {
        let mut all = fallible::with_capacity(self.len + more)?;
        for list in &self.lists {
            let mut at = list.first;
            while !at.is_null() {
                // SAFETY: entries on a list are alive, from `Arc::into_raw`, and linked under the lock that is held.
                unsafe {
                    Arc::increment_strong_count(at);
                    all.push(Arc::from_raw(at));
                    at = (*(*at).node().0.get()).next;
                }
            }
        }
        Ok(all)
    }

    /// The list that holds the earliest deadline; None if none comes.
    fn first_list(&self) -> Option<u16> {
        if !self.lists[usize::from(self.opened)].first.is_null() {
            return Some(self.opened);
        }
        let level = self.occupied.iter().position(|&slots| slots != 0)?;
        Some((level * SLOTS) as u16 + self.occupied[level].trailing_zeros() as u16)
    }

    /// The first moment of a slot in which the earliest deadline lies.
    fn begin_of(&self, list: u16) -> u64 {
        let (level, slot) = (u32::from(list) / SLOTS as u32, u64::from(list) % SLOTS as u64);
        let shift = level * DIGIT_BITS;
        let before = self.reached.checked_shr(shift + DIGIT_BITS).unwrap_or(0);
        (before << DIGIT_BITS | slot) << shift
    }

    /// The earliest deadline on a list, if few are on it.
    fn earliest_of_few(&self, list: u16) -> Option<u64> {
        let mut earliest = NEVER;
        let mut at = self.lists[usize::from(list)].first;
        for _ in 0..FEW {
            // SAFETY: entries on a list are alive, and linked under the lock that is held.
            let place = unsafe { &*(*at).node().0.get() };
            earliest = earliest.min(place.time);
            at = place.next;
            if at.is_null() {
                return Some(earliest);
            }
        }
        None
    }

    fn list_for(&self, deadline: u64) -> u16 {
        if deadline == NEVER {
            return NEVER_LIST;
        }
        // What is due already is due at once.
        let moment = deadline.max(self.reached);
        let level = (moment ^ self.reached).checked_ilog2().unwrap_or(0) / DIGIT_BITS;
        let slot = (moment >> (level * DIGIT_BITS)) % SLOTS as u64;
        level as u16 * SLOTS as u16 + slot as u16
    }

    /// Appends an entry that is on no list to the one of its deadline.
    fn link(&mut self, entry: *const T) {
        // SAFETY: the entry is alive, and its node is this wheel's to write.
        let place = unsafe { &mut *(*entry).node().0.get() };
        let number = self.list_for(place.time);
        let list = &mut self.lists[usize::from(number)];
        (place.list, place.previous, place.next) = (number, list.last, null());
        if list.last.is_null() {
            list.first = entry;
            if number != NEVER_LIST {
                self.occupied[usize::from(number) / SLOTS] |= 1 << (usize::from(number) % SLOTS);
            }
        } else {
            // SAFETY: on the list, so alive.
            unsafe { (*(*list.last).node().0.get()).next = entry };
        }
        list.last = entry;
    }

    /// Takes an entry off its list.
    fn unlink(&mut self, entry: &T) {
        // SAFETY: the entry is on this wheel, so its node is the wheel's to write.
        let place = unsafe { &mut *entry.node().0.get() };
        let number = core::mem::replace(&mut place.list, UNLISTED);
        let list = &mut self.lists[usize::from(number)];
        if place.previous.is_null() {
            list.first = place.next;
        } else {
            // SAFETY: on the list, so alive.
            unsafe { (*(*place.previous).node().0.get()).next = place.next };
        }
        if place.next.is_null() {
            list.last = place.previous;
        } else {
            // SAFETY: as above.
            unsafe { (*(*place.next).node().0.get()).previous = place.previous };
        }
        if list.first.is_null() && number != NEVER_LIST {
            self.occupied[usize::from(number) / SLOTS] &= !(1 << (usize::from(number) % SLOTS));
            if number == self.opened {
                self.opened = 0;
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    struct Probe {
        number: u64,
        node: Node<Probe>,
    }

    // SAFETY: its own node; each test has one wheel.
    unsafe impl Entry for Probe {
        fn node(&self) -> &Node<Probe> {
            &self.node
        }
    }

    fn probe(number: u64, delay: u64) -> Arc<Probe> {
        Arc::new(Probe { number, node: Node::new(delay) })
    }

    /// Starts an entry: its deadline.
    fn start(wheel: &mut Wheel<Probe>, entry: Arc<Probe>, now: u64, is_awaited: bool) -> u64 {
        let deadline = now.saturating_add(wheel.delay_of(&entry));
        wheel.insert(entry, deadline, is_awaited);
        deadline
    }

    /// Everything that is due at `now`.
    fn due(wheel: &mut Wheel<Probe>, now: u64) -> (Vec<u64>, u64) {
        let mut numbers = Vec::new();
        loop {
            match wheel.next(now) {
                Next::Due(entry) => numbers.push(entry.number),
                Next::Again => {}
                Next::At(moment) => return (numbers, moment),
            }
        }
    }

    #[test]
    fn a_single_entry_is_due_at_its_deadline_and_not_before() {
        for now in [1, 63, 64, 1_000_000_000_000_007] {
            for delay in [0, 1, 63, 64, 65, 1_000_000, 3_600_000_000_000, 9_223_372_036_000_000_000] {
                let mut wheel = Wheel::new();
                assert_eq!(start(&mut wheel, probe(7, delay), now, true), now + delay);
                if delay > 0 {
                    assert_eq!(due(&mut wheel, now + delay - 1), (vec![], now + delay), "{now} {delay}");
                }
                assert_eq!((wheel.len(), wheel.awaited()), (1, 1));
                assert_eq!(due(&mut wheel, now + delay), (vec![7], NEVER), "{now} {delay}");
                assert_eq!((wheel.len(), wheel.awaited()), (0, 0));
            }
        }
    }

    #[test]
    fn what_is_never_due_stays_until_it_is_removed() {
        let mut wheel = Wheel::new();
        let entry = probe(1, NEVER);
        start(&mut wheel, entry.clone(), 5, false);
        assert_eq!(due(&mut wheel, NEVER - 1), (vec![], NEVER));
        assert_eq!(wheel.all(0).unwrap().len(), 1);
        assert!(wheel.remove(&entry).is_some());
        assert!(wheel.remove(&entry).is_none());
        assert_eq!((wheel.len(), wheel.awaited(), Arc::strong_count(&entry)), (0, 0, 1));
    }

    /// Against an ordered set: random starts, removals and steps in time of all sizes, with many entries in one slot now and then.
    #[test]
    fn a_wheel_is_an_ordered_set() {
        let mut random = 0x2545_F491_4F6C_DD1D_u64;
        let mut draw = move |below: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % below
        };
        for round in 0..40 {
            let mut wheel = Wheel::new();
            let mut expected = BTreeSet::new();
            let mut entries = Vec::new();
            let mut now = 1 + (draw(1 << 40) << (round % 20));
            for number in 0..3_000 {
                let magnitude = draw(45);
                let delay = draw(1 << magnitude) & if draw(2) == 0 { !0 } else { !0 << 30 };
                let entry = probe(number, delay);
                expected.insert((start(&mut wheel, entry.clone(), now, false), number));
                entries.push((now + delay, entry));
                if draw(3) == 0 {
                    let (deadline, entry) = entries.swap_remove(draw(entries.len() as u64) as usize);
                    assert_eq!(wheel.remove(&entry).is_some(), expected.remove(&(deadline, entry.number)));
                }
                if draw(50) == 0 {
                    let magnitude = draw(45);
                    now += draw(1 << magnitude);
                    let later = expected.split_off(&(now + 1, 0));
                    let (numbers, moment) = due(&mut wheel, now);
                    let deadlines: Vec<u64> = expected.iter().map(|(_, number)| *number).collect();
                    let (mut sorted, mut wanted) = (numbers.clone(), deadlines.clone());
                    sorted.sort_unstable();
                    wanted.sort_unstable();
                    assert_eq!(sorted, wanted);
                    expected = later;
                    let earliest = expected.first().map_or(NEVER, |(deadline, _)| *deadline);
                    assert!(moment > now && moment <= earliest, "{now} {moment} {earliest}");
                    assert_eq!(moment == NEVER, expected.is_empty());
                }
                assert_eq!(wheel.len(), expected.len());
            }
            let mut left: Vec<_> = expected.into_iter().map(|(_, number)| number).collect();
            let (mut drained, moment) = due(&mut wheel, NEVER - 1);
            drained.sort_unstable();
            left.sort_unstable();
            assert_eq!((drained, moment, wheel.len()), (left, NEVER, 0));
        }
    }

    /// Entries that are due together come in the order of their deadlines.
    #[test]
    fn deadlines_come_in_order() {
        let mut wheel = Wheel::new();
        let delays = (0..1_000u64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 30);
        let mut sorted: Vec<u64> = delays.clone().collect();
        sorted.sort_unstable();
        for delay in delays {
            start(&mut wheel, probe(delay, delay), 1_000, false);
        }
        assert_eq!(due(&mut wheel, 1 << 35), (sorted, NEVER));
    }
}
