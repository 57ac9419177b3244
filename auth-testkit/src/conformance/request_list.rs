//! The list of the cases that are about requests alone.

use super::requests::Requests;

/// Generates one test for each case that is about requests alone. Takes the path of an
/// async function without parameters that makes a fresh
/// [`Requests`](crate::conformance::requests::Requests), as
/// [`store_suite!`](crate::store_suite) does.
#[macro_export]
macro_rules! request_suite {
    ($fresh:path) => {
        $crate::__request_cases! { __suite_tests (conformance $fresh) }
    };
}

/// The one place that names every case.
#[doc(hidden)]
#[macro_export]
macro_rules! __request_cases {
    ($then:ident $arguments:tt) => {
        $crate::$then! { $arguments
            requests {
                of_32_requests_with_one_key_one_is_done
                a_request_that_was_done_gets_its_answer
                a_key_is_of_one_request_only
                a_key_is_of_one_tenant_route_and_caller
                a_lost_request_is_done_by_the_next
                a_released_request_begins_anew
                a_key_is_remembered_for_its_time
                a_key_is_remembered_while_it_is_owned
                a_dropped_begin_is_made_or_not
            }
        }
    };
}

/// One case.
pub type Case = crate::suite::Case<dyn Requests>;

__request_cases! { __suite_list () }
