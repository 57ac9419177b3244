//! What `build` refuses, by name.

use std::time::Duration;

use auth_cache::tiered::{CacheBuildError, CacheBuilder};

use super::support::{Source, millis, seconds};

fn refused(
    change: impl Fn(CacheBuilder<u32, u64>) -> CacheBuilder<u32, u64>,
) -> Option<CacheBuildError> {
    change(Source::default().builder()).build().err()
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused() {
    use CacheBuildError as E;
    let cases = [
        (refused(|it| it.with_capacity(0)), E::NoCapacity),
        (refused(|it| it.with_negative_capacity(0)), E::NoCapacity),
        (
            refused(|it| it.with_negative_ttl(millis(5_001))),
            E::NegativeTtl,
        ),
        (
            refused(|it| it.with_negative_ttl(Duration::ZERO)),
            E::NegativeTtl,
        ),
        (refused(|it| it.with_jitter(1.1)), E::Jitter),
        (refused(|it| it.with_jitter(f64::NAN)), E::Jitter),
        (refused(|it| it.with_early_refresh(0.0)), E::EarlyRefresh),
        (
            refused(|it| it.with_early_refresh(f64::INFINITY)),
            E::EarlyRefresh,
        ),
        (refused(|it| it.with_bulkhead(0, 1)), E::Bulkhead),
        (refused(|it| it.with_bulkhead(1, 0)), E::Bulkhead),
        (
            refused(|it| it.with_load_deadline(Duration::ZERO)),
            E::Deadline,
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found, Some(expected));
    }
    assert_eq!(refused(|it| it.with_negative_ttl(seconds(5))), None);
}

#[test]
fn without_a_runtime_there_is_nobody_to_load() {
    assert_eq!(refused(|it| it), Some(CacheBuildError::NoRuntime));
}
