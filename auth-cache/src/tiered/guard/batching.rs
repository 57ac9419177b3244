//! # Batched loading
//!
//! **Prevents** one query for each of many keys that are missed at about the same
//! time, as after a start, or by a page that shows a hundred of them.
//!
//! **How.** A loader made by [`batch`](crate::tiered::batch) is given all keys that
//! wait, up to its limit. Nobody waits for a batch to fill: a worker lets tasks that
//! are ready have their turn, again while that brings more misses, for 8 ms at the
//! most (2 ms before it asks a second level), and takes what is there; while it
//! asks, the next batch gathers. A lone miss loses nothing by it, and under load
//! batches grow by themselves.
//!
//! **Switch**: the loader; [`each`](crate::tiered::each) has batches of one.
//!
//! **Metric**: [`CacheStats::loads`](crate::tiered::CacheStats::loads) counts keys,
//! [`CacheStats::load_calls`](crate::tiered::CacheStats::load_calls) batches.
//!
//! **What it does not do.** A batch fails as a whole, and takes as long as its
//! slowest key. An answer for each key is asked for: a loader that gives fewer or
//! more has failed, and nothing of it is used.
