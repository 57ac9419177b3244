//! The suite that every store passes.

use super::support::fresh;

auth_testkit::store_suite!(fresh);
