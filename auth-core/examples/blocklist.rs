//! Makes `src/password/policy/blocklist.bin` from lists of common passwords, one
//! a line: `cargo run -p auth-core --example blocklist -- LIST.. > blocklist.bin`.
//!
//! The one that is shipped was made from two lists: `passwords.json` of the npm
//! package `@zxcvbn-ts/language-common` 4.1.3 (MIT; 49 233 passwords, by way of
//! Dropbox's zxcvbn from Mark Burnett's ten million, which are in the public
//! domain), its strings one a line, and `common-passwords.txt.gz` of Django 5.2.19
//! (BSD-3-Clause; 19 640 passwords, by Royce Williams), unpacked.
//!
//! Another list raises `PolicyVersion::CURRENT`; a test of the blocklist insists.

use std::collections::BTreeSet;
use std::io::Write;
use std::{env, fs, io};

use ring::digest::{SHA256, digest};

fn main() -> io::Result<()> {
    let mut hashes = BTreeSet::new();
    for path in env::args().skip(1) {
        for line in fs::read_to_string(path)?.lines() {
            // Folded as the policy folds what is looked up.
            let folded: String = line.trim().chars().flat_map(char::to_lowercase).collect();
            if !folded.is_empty() {
                hashes.insert(digest(&SHA256, folded.as_bytes()).as_ref()[..5].to_vec());
            }
        }
    }
    let mut counts = vec![0_u8; 1 << 16];
    let mut rests = Vec::new();
    for hash in &hashes {
        let count = &mut counts[usize::from(hash[0]) << 8 | usize::from(hash[1])];
        *count = count
            .checked_add(1)
            .ok_or_else(|| io::Error::other("the list is too long"))?;
        rests.extend_from_slice(&hash[2..]);
    }
    let mut out = io::stdout().lock();
    out.write_all(&counts)?;
    out.write_all(&rests)
}
