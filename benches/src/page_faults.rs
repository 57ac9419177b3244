//! How often the system had to find memory for this process.

use crate::group::Contender;
use crate::proc_stat;

/// The page faults of an operation, or `None` where the system does not count
/// them in `/proc`.
pub(crate) fn of(contender: &mut Contender) -> Option<f64> {
    let before = so_far()?;
    contender.call(CALLS);
    let faults = so_far()?.saturating_sub(before);
    let operations = f64::from(CALLS) * f64::from(contender.operations);
    u32::try_from(faults)
        .ok()
        .map(|faults| f64::from(faults) / operations)
}

const CALLS: u32 = 2;

/// Minor and major ones of all threads.
fn so_far() -> Option<u64> {
    Some(proc_stat::field(10)? + proc_stat::field(12)?)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn touching_fresh_memory_faults_and_touching_it_again_does_not() {
        let mut fresh = Contender::new("fresh", || {
            black_box(vec![1_u8; 64 << 20]);
        });
        // The system may hand out 2 MiB at a time.
        let faults = of(&mut fresh).unwrap();
        assert!(faults >= 32.0);

        let mut block = vec![1_u8; 64 << 20];
        let mut reused = Contender::new("reused", move || {
            black_box(&mut block).fill(2);
        });
        assert!(of(&mut reused).unwrap() < faults / 2.0);
    }
}
