//! # Write-behind
//!
//! **Prevents** a write to the source for every request, where only the last of many
//! matters.
//!
//! **How.** It is apart from the caches, since nobody reads through it:
//! [`crate::write_behind`] says how it works, and what is lost when.
