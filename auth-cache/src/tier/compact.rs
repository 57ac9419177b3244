//! Values as few bytes.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Codec;

/// Keys and values in a compact binary form, by serde: one byte for the version of the
/// form, then [postcard](https://postcard.jamesmunns.com/wire-format).
///
/// The form has neither names nor types in it: a field that is added, removed or moved
/// is a new [schema](Codec::schema), also one with `#[serde(default)]`. Types that read
/// themselves by looking at what comes (`#[serde(flatten)]`, `untagged`,
/// `skip_serializing_if`, `serde_json::Value`) cannot be read back and are a miss each
/// time; those want [`Json`](super::Json).
///
/// # Guarantees
/// - What is not of this version, is cut, or is followed by anything, is not read.
/// - Lengths are not believed: reading takes no more memory ahead of the bytes that
///   are there than 1 MiB for each sequence within another.
///
/// # What it does not do
/// - It does not notice altered bytes: they may be another value's. A tier that leaves
///   the process seals what it is given.
/// - A sequence of what takes no bytes, such as `Vec<()>`, is read for as long as its
///   length says.
#[derive(Clone, Copy, Debug)]
pub struct Compact {
    schema: u32,
}

/// Of the form, not of what is written in it.
const VERSION: u8 = 1;

impl Compact {
    /// Of this schema.
    ///
    /// ```
    /// use auth_cache::tier::{Codec, Compact};
    ///
    /// let codec = Compact::new(1);
    /// let bytes = Codec::<u32, (u64, String)>::write(&codec, &(300, "Ada".into())).unwrap();
    /// assert_eq!(bytes, [1, 0xac, 0x02, 3, b'A', b'd', b'a']);
    /// ```
    pub const fn new(schema: u32) -> Self {
        Self { schema }
    }
}

impl<K, V> Codec<K, V> for Compact
where
    K: Serialize + DeserializeOwned,
    V: Serialize + DeserializeOwned,
{
    fn schema(&self) -> u32 {
        self.schema
    }

    fn write_key(&self, key: &K) -> Option<Vec<u8>> {
        write(key)
    }

    fn read_key(&self, bytes: &[u8]) -> Option<K> {
        read(bytes)
    }

    fn write(&self, value: &V) -> Option<Vec<u8>> {
        write(value)
    }

    fn read(&self, bytes: &[u8]) -> Option<V> {
        read(bytes)
    }
}

fn write(value: &impl Serialize) -> Option<Vec<u8>> {
    postcard::to_extend(value, vec![VERSION]).ok()
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (&VERSION, body) = bytes.split_first()? else {
        return None;
    };
    let (value, rest) = postcard::take_from_bytes(body).ok()?;
    rest.is_empty().then_some(value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Nothing,
        One(i64),
        Many {
            names: Vec<String>,
            when: Option<u64>,
        },
    }

    type Value = (Shape, BTreeMap<u16, Vec<u8>>, bool, [u8; 16]);

    fn shape() -> impl Strategy<Value = Shape> {
        let names = prop::collection::vec(".{0,8}", 0..4);
        prop_oneof![
            Just(Shape::Nothing),
            any::<i64>().prop_map(Shape::One),
            (names, any::<Option<u64>>()).prop_map(|(names, when)| Shape::Many { names, when }),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        let bytes = prop::collection::vec(any::<u8>(), 0..20);
        let map = prop::collection::btree_map(any::<u16>(), bytes, 0..4);
        (shape(), map, any::<bool>(), any::<[u8; 16]>())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in value()) {
            let bytes = write(&value).unwrap();
            prop_assert_eq!(read::<Value>(&bytes), Some(value));
        }

        #[test]
        fn what_is_cut_longer_or_of_another_version_is_not(
            value in value(), cut in any::<prop::sample::Index>(), version in 2_u8.., more in any::<u8>(),
        ) {
            let bytes = write(&value).unwrap();
            prop_assert_eq!(read::<Value>(&bytes[..cut.index(bytes.len())]), None);
            prop_assert_eq!(read::<Value>(&[&bytes[..], &[more]].concat()), None);
            prop_assert_eq!(read::<Value>(&[&[version], &bytes[1..]].concat()), None);
        }

        #[test]
        fn different_keys_are_written_differently(one in value(), other in value()) {
            prop_assert_eq!(write(&one) == write(&other), one == other);
        }

        /// Whatever it is, it is read or it is not; and no length makes it take memory.
        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let bytes = [&[VERSION], &bytes[..]].concat();
            let _ = read::<Value>(&bytes);
            let _ = read::<Vec<Vec<Value>>>(&bytes);
            let _ = read::<(String, Vec<[u64; 32]>)>(&bytes);
        }
    }

    #[test]
    fn a_length_without_the_bytes_is_not_believed() {
        let length = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        let bytes = [&[VERSION], &length[..], &[1, 2, 3]].concat();
        assert_eq!(read::<Vec<u8>>(&bytes), None);
        assert_eq!(read::<Vec<[u64; 32]>>(&bytes), None);
        assert_eq!(read::<String>(&bytes), None);
        assert_eq!(read::<BTreeMap<u64, u64>>(&bytes), None);
    }
}
