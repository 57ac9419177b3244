//! The link, against real servers. Part of the crate's own tests, as what they test is
//! for the crate.

mod support;

mod single;
