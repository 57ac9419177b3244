//! How a thread that computes shares a processor with threads that answer.

#![allow(
    unsafe_code,
    reason = "two system calls that no library offers without"
)]

use std::io;

/// Lets threads that have little to do come in between while the calling thread
/// computes: it asks the scheduler for turns of 100 ms, the longest there are.
/// Linux (from 6.12 on) lets whoever wakes and needs less interrupt a long turn,
/// where a usual one would run to its end, for some milliseconds. Each thread
/// still gets the same share of the processor: this is not niceness.
///
/// Older kernels take it and do nothing, other systems have no such thing, and a
/// thread with a policy of its own (real-time, idle) is left alone.
///
/// # Errors
/// What the system says where it does not allow it; nothing has changed then.
pub fn give_way() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    linux::ask_for_turns_of(100_000_000)?;
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;

    /// `struct sched_attr` in its first version: `sched_setattr(2)`.
    #[repr(C)]
    #[derive(Default)]
    pub(super) struct Attributes {
        size: u32,
        policy: u32,
        flags: u64,
        nice: i32,
        priority: u32,
        /// For the usual policies the length of a turn, in nanoseconds.
        pub(super) runtime: u64,
        deadline: u64,
        period: u64,
    }

    impl Attributes {
        /// All that is no turn's length.
        #[cfg(test)]
        pub(super) const fn others(&self) -> (u32, i32, u32) {
            (self.policy, self.nice, self.priority)
        }
    }

    const SIZE: u32 = 48;
    const _: () = assert!(size_of::<Attributes>() == SIZE as usize);

    pub(super) fn ask_for_turns_of(nanoseconds: u64) -> io::Result<()> {
        let mut attributes = attributes()?;
        let usual = [libc::SCHED_OTHER, libc::SCHED_BATCH];
        if usual
            .map(libc::c_int::cast_unsigned)
            .contains(&attributes.policy)
        {
            attributes.runtime = nanoseconds;
            // SAFETY: the kernel reads as many bytes as `size` says, which are all.
            let status =
                unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
            return checked(status);
        }
        Ok(())
    }

    /// Of the calling thread.
    pub(super) fn attributes() -> io::Result<Attributes> {
        let mut attributes = Attributes::default();
        // SAFETY: the kernel writes `SIZE` bytes at most, which are all.
        let status =
            unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, SIZE, 0) };
        checked(status)?;
        Ok(attributes)
    }

    fn checked(status: libc::c_long) -> io::Result<()> {
        match status {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn turns_are_long_and_nothing_else_is_different() {
        std::thread::spawn(|| {
            let before = linux::attributes().unwrap();
            give_way().unwrap();
            let after = linux::attributes().unwrap();
            assert_eq!(before.others(), after.others());
            // Kernels before 6.12 say nothing of turns.
            assert!([0, before.runtime, 100_000_000].contains(&after.runtime));
            // Once more, as for a thread that has them.
            give_way().unwrap();
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_thread_with_a_policy_of_its_own_is_left_alone() {
        std::thread::spawn(|| {
            let idle = libc::sched_param { sched_priority: 0 };
            // SAFETY: of the calling thread, with a parameter that lives.
            let status = unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const idle) };
            assert_eq!(status, 0);
            let before = linux::attributes().unwrap();
            give_way().unwrap();
            let after = linux::attributes().unwrap();
            assert_eq!(
                (before.others(), before.runtime),
                (after.others(), after.runtime)
            );
        })
        .join()
        .unwrap();
    }
}
