//! # Deadlines
//!
//! **Prevents** a caller from waiting longer than its answer is wanted, and a load
//! from being cut short because its first caller was in a hurry.
//!
//! **How.** A load has a deadline of its own, 5 s from the miss, waiting in line
//! included; at it the loader's future is dropped and all who wait are told
//! "unavailable". A caller has another: [`get_by`] answers at it whatever the load
//! does, and the load goes on, for the others and for the next caller.
//!
//! **Switch**: [`with_load_deadline`]; a caller's is an argument. [`get`] has none
//! but the load's.
//!
//! **Metric**: [`CacheStats::deadlines_passed`](crate::tiered::CacheStats::deadlines_passed)
//! counts callers, [`CacheStats::load_failures`](crate::tiered::CacheStats::load_failures)
//! loads.
//!
//! **What it does not do.** A loader that blocks its thread is not cut short, since
//! nothing can drop it; its callers' deadlines hold all the same.
//!
//! [`get`]: crate::tiered::Cache::get
//! [`get_by`]: crate::tiered::Cache::get_by
//! [`with_load_deadline`]: crate::tiered::CacheBuilder::with_load_deadline
