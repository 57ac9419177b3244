//! One page for each guard: the failure it prevents, how, its switch, its metric,
//! and what it does not do.
//!
//! | against | guard |
//! |---|---|
//! | serving what was invalidated | [fence], [tags], [security_state] |
//! | stampedes | [single_flight], [lease], [early_refresh], [jitter], [batching], [warm_up] |
//! | slow and broken sources | [bulkhead], [deadlines], [stale_while_revalidate], [stale_if_error], [negative] |
//! | a slow and broken second level | [breaker] |
//! | the wrong time to live | [adaptive_ttl] |
//! | writes | [write_through], [write_behind] |

pub mod adaptive_ttl;
pub mod batching;
pub mod breaker;
pub mod bulkhead;
pub mod deadlines;
pub mod early_refresh;
pub mod fence;
pub mod jitter;
pub mod lease;
#[cfg(test)]
mod model;
pub mod negative;
pub mod security_state;
pub mod single_flight;
pub mod stale_if_error;
pub mod stale_while_revalidate;
pub mod tags;
pub mod warm_up;
pub mod write_behind;
pub mod write_through;
