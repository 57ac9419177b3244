//! The project's own commands. Each is a plain list of steps: read [`ci`] for what must hold before a merge.
#![expect(clippy::print_stdout, reason = "a command speaks to its terminal")]

pub mod bench;
mod cache;
pub mod ci;
mod compilers;
pub mod deps;
mod features;
pub mod fuzz;
mod install;
pub mod load;
mod outbox;
pub mod run;
pub mod servers;
pub mod test;
