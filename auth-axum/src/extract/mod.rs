//! What handlers ask for: who is calling, and what they must be.

mod authenticated;
mod role;
mod scope;

pub use authenticated::{Authenticated, NoClaims};
pub use role::{RequireRole, RoleName};
pub use scope::{RequireScope, ScopeName};
