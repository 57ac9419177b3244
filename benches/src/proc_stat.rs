//! What the system counts of this process: proc(5)'s `/proc/self/stat`.

use std::fs;

/// The field of this number, where there is one.
pub(crate) fn field(number: usize) -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // Field 2 is the program's name, in brackets, with whatever is in it.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(number - 3)?.parse().ok()
}
