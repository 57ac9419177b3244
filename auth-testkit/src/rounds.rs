//! How often a test tries what is rare.

use std::env;

/// The environment variable by which a soak tries everything so many times as often as the suite does.
pub const TIMES: &str = "AUTH_TEST_TIMES";

/// `usual`, or as many times that as [`TIMES`] says. Tests that look for a race, or for what one in a million does, ask this for
/// the number of their rounds: one build of them is quick in the suite and thorough in a soak.
///
/// # Panics
/// If [`TIMES`] is there and is no number.
///
/// ```
/// # // Nobody soaks documentation.
/// # if std::env::var_os(auth_testkit::TIMES).is_none() {
/// assert_eq!(auth_testkit::rounds(1_000), 1_000);
/// # }
/// ```
pub fn rounds(usual: u64) -> u64 {
    let times = env::var(TIMES).map_or(Ok(1), |times| times.parse());
    #[expect(clippy::expect_used, reason = "a test fails by panicking")]
    let times: u64 = times.expect("AUTH_TEST_TIMES is a number");
    usual.saturating_mul(times)
}
