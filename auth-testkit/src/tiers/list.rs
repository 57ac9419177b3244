//! The list of all cases. What each holds a tier to is said at its function.

use super::Case;

/// Generates one test for each case of the suite. Takes the path of an async function
/// without parameters that makes a fresh [`Subject`](crate::tiers::Subject): a name in
/// scope, or a path that begins with `crate` or a crate's name. The crate that calls it
/// needs `tokio` with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! tier_suite {
    ($fresh:path) => {
        $crate::__tier_cases! { __suite_tests (tiers $fresh) }
    };
}

/// The one place that names every case.
#[doc(hidden)]
#[macro_export]
macro_rules! __tier_cases {
    ($then:ident $arguments:tt) => {
        $crate::$then! { $arguments
            leases {
                a_key_without_a_value_is_granted_to_one
                a_lease_ends_after_its_time
                a_fill_without_a_value_gives_the_lease_back
                a_value_that_ends_too_soon_is_loaded_anew_by_one
                a_batch_is_answered_in_its_order
            }
            values {
                what_was_filled_is_found_unchanged
                a_value_grows_older_and_ends
                what_is_loaded_later_replaces_what_was_there
            }
            fence {
                a_fill_by_another_nonce_changes_nothing
                a_fill_after_an_invalidation_changes_nothing
                a_fill_after_everything_was_invalidated_is_not_found
                a_fill_after_another_load_began_changes_nothing
                a_fill_after_the_lease_went_to_another_changes_nothing
                a_fill_after_everything_was_lost_changes_nothing
                a_fill_counts_once
            }
            tags {
                a_tag_ends_what_has_it
                the_tags_of_a_value_count_whoever_asks
                a_load_that_a_tag_s_invalidation_overtook_is_not_found
                a_tag_that_was_lost_is_a_miss_and_its_versions_never_return
                a_tag_may_be_invalidated_again_and_again
            }
            keys {
                keys_are_whatever_bytes
                a_namespace_keeps_to_itself
                everything_is_that_of_its_namespace
            }
            tails {
                what_one_process_invalidates_the_others_hear
                a_batch_of_invalidations_is_heard_whole
                a_tail_is_of_its_namespace
            }
        }
    };
}

__tier_cases! { __suite_list () }
