//! The memory: its size, its zeros, its end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use auth_argon2::{Block, Memory, OutOfMemory};

#[test]
fn it_has_the_blocks_that_were_asked_for() {
    for length in [0, 1, 2047, 2048, 2049, 5000] {
        let mut memory = Memory::new(length).unwrap();
        assert_eq!(memory.as_mut().len(), length);
        memory.as_mut().fill(Block::new());
        let shown = format!("{memory:?}");
        assert_eq!(shown, format!("Memory({length} KiB)"));
    }
}

#[test]
fn it_moves_between_threads() {
    let memory = Memory::new(4096).unwrap();
    let length = std::thread::spawn(move || {
        let mut memory = memory;
        memory.as_mut().len()
    });
    assert_eq!(length.join().unwrap(), 4096);
}

#[test]
fn c82_more_than_there_is_is_an_error_and_not_an_abort() {
    for length in [usize::MAX, usize::MAX / 1024, 1 << 40] {
        assert_eq!(Memory::new(length).unwrap_err(), OutOfMemory);
    }
}
