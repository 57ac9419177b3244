//! The memory: its size, its zeros, its end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use auth_argon2::{Memory, OutOfMemory};
use zeroize::Zeroize;

/// A KiB.
const BLOCK: [u64; 128] = [7; 128];

#[test]
fn it_has_the_blocks_that_were_asked_for() {
    for length in [0, 1, 2047, 2048, 2049, 5000] {
        let mut memory = Memory::new(length, &BLOCK).unwrap();
        assert_eq!(memory.as_mut().len(), length);
        assert!(memory.as_mut().iter().all(|block| *block == BLOCK));
        memory.as_mut().fill([8; 128]);
        let shown = format!("{memory:?}");
        assert_eq!(shown, format!("Memory({length} blocks)"));
    }
}

#[test]
fn it_moves_between_threads() {
    let memory = Memory::new(4096, &BLOCK).unwrap();
    let length = std::thread::spawn(move || {
        let mut memory = memory;
        memory.as_mut().len()
    });
    assert_eq!(length.join().unwrap(), 4096);
}

#[test]
fn c82_more_than_there_is_is_an_error_and_not_an_abort() {
    for length in [usize::MAX, usize::MAX / 1024, 1 << 40] {
        assert_eq!(Memory::new(length, &BLOCK).unwrap_err(), OutOfMemory);
    }
}

/// Whatever blocks are: they are wiped, and end as others do.
#[test]
fn c87_blocks_are_wiped_and_dropped() {
    #[derive(Clone)]
    struct Counted(Arc<AtomicUsize>, u64);

    impl Zeroize for Counted {
        fn zeroize(&mut self) {
            self.1 = 0;
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            if self.1 == 0 {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    let wiped = Arc::new(AtomicUsize::new(0));
    let memory = Memory::new(3, &Counted(wiped.clone(), 7)).unwrap();
    assert_eq!(wiped.load(Ordering::Relaxed), 0);
    drop(memory);
    assert_eq!(wiped.load(Ordering::Relaxed), 3);
    assert_eq!(Arc::strong_count(&wiped), 1);
}

#[test]
fn blocks_without_a_size_need_no_memory() {
    #[derive(Clone)]
    struct Nothing;

    impl Zeroize for Nothing {
        fn zeroize(&mut self) {}
    }

    let mut memory = Memory::new(9, &Nothing).unwrap();
    assert_eq!(memory.as_mut().len(), 9);
}
