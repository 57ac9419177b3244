//! What an operation allocates.

use crate::group::Suite;
use crate::{Failure, table};

/// Runs what it is given and says how often it allocated, and how many bytes.
pub type Counter<'a> = &'a dyn Fn(&mut dyn FnMut()) -> (usize, usize);

/// One row for each contender of the suite.
///
/// # Errors
/// Those of the suite.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
pub fn table(suite: &Suite, counter: Counter<'_>) -> Result<String, Failure> {
    let mut table = table::header(&["operation", "by", "allocations", "bytes"]);
    for group in (suite.groups)()? {
        for mut contender in group.contenders {
            // What is allocated once is not counted.
            contender.call(OPERATIONS);
            let (allocations, bytes) = counter(&mut || contender.call(OPERATIONS));
            let each = |total: usize| format!("{:.1}", total as f64 / f64::from(OPERATIONS));
            table::line(
                &mut table,
                &[
                    group.name.clone(),
                    contender.name,
                    each(allocations),
                    each(bytes),
                ],
            );
        }
    }
    Ok(table)
}

const OPERATIONS: u32 = 20;
