//! Tokens that let the reader of a user's mail choose a new password: nothing of
//! them is stored.
//!
//! A token is bound to what the user's row says when it is made. Whatever changes
//! that (a new password, its own use, a log-out everywhere, a change of status)
//! ends every token that was made before, without a table of them. So there is
//! nothing for a reader of the store to find, and nothing to delete.

mod token;

#[cfg(test)]
mod tests;

pub use token::{InvalidResetToken, PresentedReset, ResetToken, Standing};
