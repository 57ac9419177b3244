//! Hits of the second level in Redis, which are on their way for most of their time.
//!
//! A hit is the version of everything and the value, in one round trip, and the opening
//! and reading of the value. It is held against the `GET` of as many bytes, by the
//! library that is below both, and against the same with the work that no shared cache
//! is spared that does not believe everything: opening and reading.

mod rig;

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::Failure;
use crate::goal::Goal;
use crate::group::{Contender, Group, Suite};
use rig::{KEYS, Rig};

const OURS: &str = "ours: a hit";
const GET: &str = "redis-rs: GET";
const GET_AND_OPEN: &str = "redis-rs: GET, open, read";

/// Side by side on one link.
const TASKS: u8 = 64;
/// Of each task, in a call.
const HITS: u8 = 20;

/// What a second level in Redis costs beside the bare look-up. A server is started for
/// each group.
pub fn suite() -> Suite {
    Suite {
        name: "second-level",
        groups: Box::new(|| Ok(vec![alone()?, together()?])),
    }
}

/// One hit after another: what a request waits.
fn alone() -> Result<Group, Failure> {
    let rig = Arc::new(Rig::new()?);
    Ok(Group {
        name: "second level in Redis, one hit after another".to_owned(),
        contenders: vec![
            one(OURS, &rig, async |rig, key| rig.hit(key).await),
            one(GET, &rig, async |rig, key| rig.get(key).await.is_some()),
            one(GET_AND_OPEN, &rig, async |rig, key| {
                rig.get_and_open(key).await
            }),
        ],
        goals: vec![
            Goal::time(OURS, GET, 1.25),
            Goal::stated(OURS, GET_AND_OPEN),
        ],
        no_page_faults: None,
        wants_idle: false,
    })
}

/// Many tasks on one link: what a process gets out of it.
fn together() -> Result<Group, Failure> {
    let rig = Arc::new(Rig::new()?);
    Ok(Group {
        name: format!("second level in Redis, {TASKS} tasks on one link"),
        contenders: vec![
            many(OURS, &rig, |rig, key| async move { rig.hit(key).await }),
            many(
                GET,
                &rig,
                |rig, key| async move { rig.get(key).await.is_some() },
            ),
            many(GET_AND_OPEN, &rig, |rig, key| async move {
                rig.get_and_open(key).await
            }),
        ],
        goals: vec![
            Goal::throughput(OURS, GET_AND_OPEN, 0.85),
            Goal::throughput(OURS, GET, 0.65),
        ],
        no_page_faults: None,
        wants_idle: false,
    })
}

fn one(name: &str, rig: &Arc<Rig>, hit: impl AsyncFn(&Rig, u8) -> bool + 'static) -> Contender {
    let rig = Arc::clone(rig);
    let mut key = 0;
    Contender::new(name, move || {
        key = (key + 1) % KEYS;
        assert!(rig.runtime.block_on(hit(&rig, key)), "it is a hit");
    })
}

fn many<F>(
    name: &str,
    rig: &Arc<Rig>,
    hit: impl Fn(Arc<Rig>, u8) -> F + Copy + Send + 'static,
) -> Contender
where
    F: Future<Output = bool> + Send + 'static,
{
    let rig = Arc::clone(rig);
    let operations = u32::from(TASKS) * u32::from(HITS);
    Contender::of_many(name, operations, move || {
        let all = async {
            let mut tasks = JoinSet::new();
            for task in 0..TASKS {
                let rig = Arc::clone(&rig);
                tasks.spawn(async move {
                    for number in 0..HITS {
                        let key = task.wrapping_add(number) % KEYS;
                        assert!(hit(Arc::clone(&rig), key).await, "it is a hit");
                    }
                });
            }
            tasks.join_all().await;
        };
        rig.runtime.block_on(all);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contender_has_all_of_its_hits() {
        // A call panics where one is none.
        for group in (suite().groups)().unwrap() {
            for mut contender in group.contenders {
                contender.call(1);
            }
        }
    }
}
