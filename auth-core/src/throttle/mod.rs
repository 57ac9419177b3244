//! How often something may be done: rate limits by the Generic Cell Rate Algorithm.
//!
//! A [`Quota`] says how much may be done at once and how fast it comes back; a [`Limit`]
//! gives it a name; a [`Charge`] counts something against it for one subject, such as a
//! [network](crate::Network) or an [account](crate::AccountKey). Whoever implements the
//! port [`RateLimiter`] keeps one number for each subject, and has [`Quota::decide`]
//! say what becomes of it.
//!
//! # The algorithm
//! GCRA is the "virtual scheduling algorithm" of ITU-T I.371 (annex A) and the ATM
//! Forum's Traffic Management Specification 4.1 (§4.4.5). The number is the *theoretical
//! arrival time* (TAT): the time at which all that was charged will have come back. The
//! *emission interval* T is how long one takes for that. A charge is allowed if it leaves
//! the TAT no further ahead than the *window* T × burst. ITU's limit τ is T × (burst − 1).
//!
//! It is a leaky bucket without a timer: nothing happens between charges, nothing has to
//! be reset at a boundary, and there is no instant at which twice the quota goes through,
//! as there is with counters for each minute.
//!
//! ```
//! use std::num::NonZeroU32;
//! use std::time::Duration;
//! use auth_core::throttle::{Decision, Quota};
//!
//! # fn main() -> Result<(), auth_core::throttle::QuotaError> {
//! let quota = Quota::new(2, Duration::from_secs(60))?;
//! let (one, now) = (NonZeroU32::MIN, 1_000_000);
//! let first = quota.decide(0, now, one);
//! let second = quota.decide(first.tat, now, one);
//! assert_eq!(second.decision, Decision::Allowed { remaining: 0 });
//! let third = quota.decide(second.tat, now, one);
//! let retry_after = Duration::from_secs(30);
//! assert_eq!(third.decision, Decision::Limited { retry_after });
//! # Ok(()) }
//! ```

mod charge;
mod decision;
mod gcra;
mod limiter;
mod quota;

pub use charge::{Charge, Limit};
pub use decision::Decision;
pub use gcra::Step;
pub use limiter::RateLimiter;
pub use quota::{Quota, QuotaError};
