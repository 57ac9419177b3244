//! Where values come from.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use async_trait::async_trait;

use super::key::{Key, Value};
use super::tag::Tag;

/// Any error of a source.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Asks the source.
///
/// # Contract
/// - One answer for each key, in their order: a value; `None` only if the source
///   says that there is no such thing. What cannot be told is an error, of the
///   whole call; `None` in its stead would tell everybody for the life of a
///   negative entry that somebody's account does not exist.
/// - What is read was committed after the call began, or before: never a snapshot
///   from before the call, such as a lagging replica's. What invalidations came
///   before the call is all that the cache knows.
/// - It may be dropped at any await: at the deadline of loads.
#[async_trait]
pub trait Loader<K, V>: Send + Sync + 'static {
    /// Loads `keys`, which are distinct, and as many as
    /// [`most_keys`](Self::most_keys) at the most.
    ///
    /// # Errors
    /// When it cannot be told; callers get
    /// [`Unavailable`](super::Unavailable).
    async fn load(&self, keys: &[K]) -> Result<Vec<Option<Loaded<V>>>, BoxError>;

    /// How many keys it takes at once.
    fn most_keys(&self) -> usize {
        1
    }
}

/// A value, with what the source knows of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded<V> {
    /// The value.
    pub value: V,
    /// What invalidates it besides its key. Tags that are known from the key alone
    /// are better given by [`with_tags`](super::CacheBuilder::with_tags): a value
    /// with tags of its own is not kept in the second level, since the tags'
    /// versions are to be read before the load.
    pub tags: Vec<Tag>,
    /// How long it is fresh, if that is less than the class's time.
    pub ttl: Option<Duration>,
}

impl<V> Loaded<V> {
    /// A value of which nothing else is known.
    pub const fn new(value: V) -> Self {
        Self {
            value,
            tags: Vec::new(),
            ttl: None,
        }
    }

    /// Adds a tag.
    pub fn with_tag(mut self, tag: Tag) -> Self {
        self.tags.push(tag);
        self
    }

    /// Fresh for `ttl` only. It shortens the class's time and never extends it.
    pub const fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }
}

impl<V> From<V> for Loaded<V> {
    fn from(value: V) -> Self {
        Self::new(value)
    }
}

/// A loader that asks for one key at a time; see [`each`].
pub struct Each<F, T> {
    load: F,
    answer: PhantomData<fn() -> T>,
}

/// A loader that asks for many keys at once; see [`batch`].
pub struct Batch<F, T> {
    load: F,
    most_keys: usize,
    answer: PhantomData<fn() -> T>,
}

/// Loads one key at a time: `Ok(None)` says that there is no such thing, `Err`
/// that it cannot be told. A value is a `V`, or a [`Loaded`] with tags and a time
/// of its own.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use auth_cache::tiered::{Cache, each};
///
/// async fn name_of(id: u64) -> std::io::Result<Option<Arc<str>>> {
///     Ok((id == 1).then(|| "Ada".into()))
/// }
/// let names: Cache<u64, Arc<str>> = Cache::builder("names", each(name_of)).build()?;
/// assert_eq!(names.get(&1).await?.as_deref(), Some("Ada"));
/// assert_eq!(names.get(&2).await?, None);
/// # Ok(())
/// # }
/// ```
pub const fn each<F, T>(load: F) -> Each<F, T> {
    Each {
        load,
        answer: PhantomData,
    }
}

/// Loads up to 1 000 keys at once, with an answer for each in their order:
/// distinct keys that are missed while loads are under way go together
/// ([batching](super::guard::batching)). Answers are as those of [`each`].
pub const fn batch<F, T>(load: F) -> Batch<F, T> {
    Batch {
        load,
        most_keys: 1_000,
        answer: PhantomData,
    }
}

impl<F, T> Batch<F, T> {
    /// Loads up to `keys` at once; at least one.
    pub fn of_at_most(mut self, keys: usize) -> Self {
        self.most_keys = keys.max(1);
        self
    }
}

#[async_trait]
impl<K, V, F, A, T, E> Loader<K, V> for Each<F, T>
where
    K: Key,
    V: Value,
    F: Fn(K) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Option<T>, E>> + Send + 'static,
    T: Into<Loaded<V>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    async fn load(&self, keys: &[K]) -> Result<Vec<Option<Loaded<V>>>, BoxError> {
        let mut answers = Vec::with_capacity(keys.len());
        for key in keys {
            let asked = (self.load)(key.clone());
            answers.push(asked.await.map_err(Into::into)?.map(Into::into));
        }
        Ok(answers)
    }
}

#[async_trait]
impl<K, V, F, A, T, E> Loader<K, V> for Batch<F, T>
where
    K: Key,
    V: Value,
    F: Fn(Vec<K>) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Vec<Option<T>>, E>> + Send + 'static,
    T: Into<Loaded<V>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    async fn load(&self, keys: &[K]) -> Result<Vec<Option<Loaded<V>>>, BoxError> {
        let asked = (self.load)(keys.to_vec());
        let answers = asked.await.map_err(Into::into)?;
        Ok(answers.into_iter().map(|it| it.map(Into::into)).collect())
    }

    fn most_keys(&self) -> usize {
        self.most_keys
    }
}

impl<F, T> fmt::Debug for Each<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Each").finish_non_exhaustive()
    }
}

impl<F, T> fmt::Debug for Batch<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("most_keys", &self.most_keys)
            .finish_non_exhaustive()
    }
}
