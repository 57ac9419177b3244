//! 10 000 tokens, at random: more than the processor's caches hold.

use super::rig::Rig;
use super::{MOKA, OURS, PLAIN, contender, l1, others};
use crate::Failure;
use crate::goal::Goal;
use crate::group::Group;

pub(super) fn group() -> Result<Group, Failure> {
    let rig = Rig::new(10_000)?;
    let verifier = rig.verifier(l1::ours());
    let ours = move |token: &str| verifier.verify_now(token).ok();
    let mut contenders = vec![contender(OURS, &rig, ours)?];
    contenders.extend(others(&rig)?);
    Ok(Group {
        name: "10 000 tokens, at random".to_owned(),
        contenders,
        goals: vec![
            Goal::time(OURS, PLAIN, 1.6),
            Goal::stated(OURS, MOKA),
            Goal::stated(OURS, l1::QUICK),
            Goal::stated(OURS, l1::SHARDS),
        ],
        no_page_faults: None,
        wants_idle: false,
    })
}
