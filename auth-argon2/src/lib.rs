//! Argon2 version 1.3 (RFC 9106), as fast as the processor allows, over memory
//! that the caller keeps; that memory, in large pages, for other implementations
//! too; and what a thread that hashes asks of the scheduler.
//!
//! AVX-512 and AVX2 are found at run time; elsewhere plain Rust does the same.
//! Nothing is allocated and no thread is started: lanes are filled one after the
//! other. The caller wipes the memory; everything else that is made from the
//! password is wiped here, but for what stays in registers and on the stack of
//! the compression function.
//!
//! Applications use `auth_core::password`, where this is a backend to choose.
//!
#![cfg_attr(feature = "hash", doc = "```")]
#![cfg_attr(not(feature = "hash"), doc = "```ignore")]
//! use auth_argon2::{Block, Cost, Input, Kernel, Variant, hash};
//!
//! let cost = Cost::new(64, 3, 1)?;
//! let mut memory = vec![Block::new(); cost.blocks()];
//! let input = Input { password: b"password", salt: b"somesalt", ..Input::default() };
//! let mut tag = [0; 32];
//! hash(Kernel::best(), Variant::Id, cost, &input, &mut memory, &mut tag)?;
//! assert_ne!(tag, [0; 32]);
//! # Ok::<(), auth_argon2::Error>(())
//! ```

#[cfg(feature = "hash")]
mod argon2;
mod memory;
mod thread;

#[cfg(feature = "hash")]
pub use argon2::{Block, Cost, Error, Input, Kernel, Variant, hash};
pub use memory::{Memory, OutOfMemory};
pub use thread::give_way;
