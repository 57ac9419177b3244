//! Values as bytes.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes keys and values for a [tier](super::Tier), and reads them.
///
/// # Contract
/// Different keys are written differently, and equal ones equally, in every process:
/// otherwise one key is given another's value. What was not written by the same
/// [`schema`](Self::schema) is not read.
pub trait Codec<K, V>: fmt::Debug + Send + Sync + 'static {
    /// The number of the form. A change of what values look like is a new number:
    /// values of another are left alone.
    fn schema(&self) -> u32;

    /// Writes a key; `None` if it is not to be shared.
    fn write_key(&self, key: &K) -> Option<Vec<u8>>;

    /// Reads a key that another process has invalidated. `None` if it cannot be read;
    /// everything is forgotten then.
    fn read_key(&self, bytes: &[u8]) -> Option<K>;

    /// Writes a value; `None` if it is not to be shared.
    fn write(&self, value: &V) -> Option<Vec<u8>>;

    /// Reads a value; `None`, which is a miss, if it cannot be read. It is loaded and
    /// written anew: processes that write differently under one schema take turns at
    /// that.
    fn read(&self, bytes: &[u8]) -> Option<V>;
}

/// Keys and values as JSON, by serde. Readable and tolerant, and neither the smallest
/// nor the fastest; keys are to be such that serde writes them in one way only: no
/// maps without an order.
#[derive(Clone, Copy, Debug)]
pub struct Json {
    schema: u32,
}

impl Json {
    /// Of this schema.
    pub const fn new(schema: u32) -> Self {
        Self { schema }
    }
}

impl<K, V> Codec<K, V> for Json
where
    K: Serialize + DeserializeOwned,
    V: Serialize + DeserializeOwned,
{
    fn schema(&self) -> u32 {
        self.schema
    }

    fn write_key(&self, key: &K) -> Option<Vec<u8>> {
        serde_json::to_vec(key).ok()
    }

    fn read_key(&self, bytes: &[u8]) -> Option<K> {
        serde_json::from_slice(bytes).ok()
    }

    fn write(&self, value: &V) -> Option<Vec<u8>> {
        serde_json::to_vec(value).ok()
    }

    fn read(&self, bytes: &[u8]) -> Option<V> {
        serde_json::from_slice(bytes).ok()
    }
}
