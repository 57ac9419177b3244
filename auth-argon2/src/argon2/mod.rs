//! The function, and what it works with.

mod block;
mod cost;
mod digest;
mod fill;
mod kernel;

pub use block::Block;
pub use cost::{Cost, Error};
pub use kernel::Kernel;

/// Which of RFC 9106's functions: what decides where a block is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variant {
    /// Argon2d: what was computed, so that timing tells about the password.
    D = 0,
    /// Argon2i: the position alone.
    I = 1,
    /// Argon2id: the position in the first half of the first pass, then what was
    /// computed. The one for passwords.
    #[default]
    Id = 2,
}

/// What is hashed.
#[derive(Clone, Copy, Default)]
pub struct Input<'a> {
    /// Any length.
    pub password: &'a [u8],
    /// At least 8 bytes.
    pub salt: &'a [u8],
    /// A key, or empty.
    pub secret: &'a [u8],
    /// Associated data, or empty.
    pub data: &'a [u8],
}

/// Shows nothing.
impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Input(..)")
    }
}

/// Fills the first [`Cost::blocks`] of `memory`, whatever is in them, and then
/// `tag`. It does not wipe `memory`.
///
/// # Errors
/// [`Error::Memory`] when `memory` is shorter, [`Error::Salt`], [`Error::Tag`] and
/// [`Error::Input`] for lengths that Argon2 has not.
pub fn hash(
    kernel: Kernel,
    variant: Variant,
    cost: Cost,
    input: &Input<'_>,
    memory: &mut [Block],
    tag: &mut [u8],
) -> Result<(), Error> {
    let memory = memory.get_mut(..cost.blocks()).ok_or(Error::Memory)?;
    digest::begin(variant, cost, input, tag.len(), memory)?;
    fill::fill(kernel, variant, cost, memory)?;
    digest::end(cost, memory, tag)
}
