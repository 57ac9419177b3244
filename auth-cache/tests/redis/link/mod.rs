//! The link, against real servers. Part of the crate's own tests, as what they test is
//! for the crate.

mod fake;
mod support;

mod cancelled;
mod cluster;
mod limits;
mod nonsense;
mod outages;
mod secured;
mod sentinel;
mod single;
