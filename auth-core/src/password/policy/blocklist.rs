//! Passwords that everybody tries first.

use ring::digest::{SHA256, digest};

/// Whether `folded`, in lower case, is one of the commonest passwords, or two of
/// them one after the other.
///
/// The list is of all lengths, and the commonest are short; joined in pairs it
/// also covers the passwords that a policy of fifteen characters would let pass,
/// `password12345678` and millions like it.
pub(super) fn is_common(folded: &str) -> bool {
    contains(folded)
        || folded
            .char_indices()
            .any(|(at, _)| contains(&folded[..at]) && contains(&folded[at..]))
}

/// 55 860 passwords as sorted hashes, so that a look-up neither unpacks nor
/// allocates: how many begin with each of 65 536 pairs of bytes, one byte each,
/// and then the next three bytes of every hash. A password that is not in the
/// list is taken for one that is once in twenty million.
///
/// `auth-core/examples/blocklist.rs` makes it, and says from what.
const LIST: &[u8] = include_bytes!("blocklist.bin");

const BUCKETS: usize = 1 << 16;
const REST: usize = 3;

/// Longer than any of them.
const MAX_BYTES: usize = 64;

fn contains(folded: &str) -> bool {
    if folded.len() > MAX_BYTES {
        return false;
    }
    let hash = digest(&SHA256, folded.as_bytes());
    let &[high, low, ref rest @ ..] = hash.as_ref() else {
        return false;
    };
    let bucket = usize::from(high) << 8 | usize::from(low);
    let (counts, rests) = LIST.split_at(BUCKETS);
    let before: usize = counts[..bucket].iter().map(|&n| usize::from(n)).sum();
    let count = usize::from(counts[bucket]);
    rests[before * REST..][..count * REST]
        .chunks_exact(REST)
        .any(|entry| rest.starts_with(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole() {
        let (counts, rests) = LIST.split_at(BUCKETS);
        let entries: usize = counts.iter().map(|&n| usize::from(n)).sum();
        assert_eq!(rests.len(), entries * REST);
        assert_eq!(entries, 55_860);
        assert!(LIST.len() < 400 << 10, "{}", LIST.len());
    }

    /// Who changes the list raises the version, and adds a line here.
    #[test]
    fn c78_each_version_of_the_policy_has_its_own_list() {
        const LISTS: &[&str] =
            &["SHA256:6157c9f488fd11822bad25bcb24ca802635bc3579898c5d8fb3fc3d87f5d8b27"];
        let hash = digest(&SHA256, LIST);
        assert_eq!(LISTS.last(), Some(&format!("{hash:?}").as_str()));
        let current = usize::try_from(crate::PolicyVersion::CURRENT.number());
        assert_eq!(current, Ok(LISTS.len()));
    }
}
