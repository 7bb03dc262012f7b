//! crossbeam's channels.

use crate::leak;
use core::ffi::c_void;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

/// An item; only its address goes through.
struct Item(*mut c_void);

// SAFETY: nothing is done with what it points to.
unsafe impl Send for Item {}

/// Both ends of a channel.
pub struct Channel(Sender<Item>, Receiver<Item>);

/// Makes a channel that holds `size` items.
#[unsafe(no_mangle)]
pub extern "C" fn crossbeam_shim_bounded_new(size: usize) -> &'static Channel {
    let (sender, receiver) = bounded(size);
    leak(Channel(sender, receiver))
}

/// Makes a channel without a limit.
#[unsafe(no_mangle)]
pub extern "C" fn crossbeam_shim_unbounded_new() -> &'static Channel {
    let (sender, receiver) = unbounded();
    leak(Channel(sender, receiver))
}

/// Puts an item in.
#[unsafe(no_mangle)]
pub extern "C" fn crossbeam_shim_send(channel: &Channel, item: *mut c_void) {
    channel.0.send(Item(item)).expect("the channel is never closed");
}

/// Gets an item.
#[unsafe(no_mangle)]
pub extern "C" fn crossbeam_shim_recv(channel: &Channel) -> *mut c_void {
    channel.1.recv().expect("the channel is never closed").0
}
