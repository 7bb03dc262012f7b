//! Helgrind: Valgrind's client requests, a sequence of instructions that do nothing anywhere else (valgrind.h, helgrind.h).

/// `VG_USERREQ_TOOL_BASE('H', 'G') + 256`, where the requests of the header's macros begin.
const BASE: usize = 0x4847_0000 + 256;
/// `_VG_USERREQ__HG_USERSO_SEND_PRE`, which is `ANNOTATE_HAPPENS_BEFORE`.
const HAPPENS_BEFORE: usize = BASE + 33;
/// `_VG_USERREQ__HG_USERSO_RECV_POST`, which is `ANNOTATE_HAPPENS_AFTER`.
const HAPPENS_AFTER: usize = BASE + 34;

pub fn release(address: *const ()) {
    request(HAPPENS_BEFORE, address);
}

pub fn acquire(address: *const ()) {
    request(HAPPENS_AFTER, address);
}

fn request(request: usize, address: *const ()) {
    let arguments = [request, address.addr(), 0, 0, 0, 0];
    #[cfg(target_arch = "x86_64")]
    // SAFETY: rotates a register by 128 bits in all, and exchanges another with itself. Valgrind reads the arguments, and puts its
    // answer into rdx.
    unsafe {
        core::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") 0usize => _,
        );
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: rotates a register by 128 bits in all, and combines another with itself. Valgrind reads the arguments, and puts its
    // answer into x3.
    unsafe {
        core::arch::asm!(
            "ror x12, x12, #3",
            "ror x12, x12, #13",
            "ror x12, x12, #51",
            "ror x12, x12, #61",
            "orr x10, x10, x10",
            in("x4") arguments.as_ptr(),
            inout("x3") 0usize => _,
        );
    }
    let _ = arguments;
}
