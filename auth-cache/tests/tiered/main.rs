//! The cache of an application's own look-ups, from outside.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod answers;
mod capacity;
mod expiry;
mod flaky;
mod loading;
mod outages;
mod race;
mod racing;
mod refusals;
mod second_level;
mod security;
mod support;
mod writing;
