//! Verified tokens from a cache: what a request costs after the first.
//!
//! Ours is a whole decision: the token found and compared, its times held
//! against the clock, the keys' epoch and the floors' generation looked at. The
//! caches of others only find an identity by its token. Beside that, the same
//! verifier over other caches, which is what ours was chosen by.

mod floors;
mod l1;
mod many;
mod rig;
mod threads;

use std::hint::black_box;
use std::sync::Arc;

use auth_core::Identity;

use crate::Failure;
use crate::goal::Goal;
use crate::group::{Contender, Group, Suite};
use rig::Rig;

const OURS: &str = "ours: verify_now";
const PLAIN: &str = "a plain map, compare and Arc clone";
const MOKA: &str = "moka sync (ahash), get";
const QUICK: &str = "quick_cache (ahash), get";

/// Ours, those of others, and ours over those of others.
pub fn suite() -> Suite {
    Suite {
        name: "cached-tokens",
        groups: Box::new(|| {
            Ok(vec![
                hot()?,
                many::group()?,
                threads::group()?,
                threads::contended()?,
                floors::group()?,
            ])
        }),
    }
}

/// Hits alone, of which it is worth counting what they allocate.
pub fn hits() -> Suite {
    Suite {
        name: "cached token hits",
        groups: Box::new(|| Ok(vec![hot()?])),
    }
}

/// 64 tokens, one after another.
fn hot() -> Result<Group, Failure> {
    let rig = Rig::new(64)?;
    let mut contenders = vec![contender(OURS, &rig, {
        let verifier = rig.verifier(l1::ours());
        move |token| verifier.verify_now(token).ok()
    })?];
    contenders.extend(others(&rig)?);
    contenders.push(contender("ours, without a cache", &rig, {
        let verifier = rig.plain.clone();
        move |token| verifier.verify_now(token).ok()
    })?);
    Ok(Group {
        name: "64 hot tokens of 457 bytes".to_owned(),
        contenders,
        goals: vec![
            Goal::time(OURS, MOKA, 0.6),
            Goal::stated(OURS, PLAIN),
            Goal::stated(OURS, QUICK),
            Goal::stated(OURS, l1::QUICK),
            Goal::stated(OURS, l1::SHARDS),
        ],
        no_page_faults: None,
        wants_idle: false,
    })
}

/// What others find an identity by, and the verifier over their caches.
fn others(rig: &Rig) -> Result<Vec<Contender>, Failure> {
    let mut contenders = vec![
        contender(PLAIN, rig, l1::plain_map(rig))?,
        contender(QUICK, rig, l1::quick_cache(rig))?,
        contender(MOKA, rig, l1::moka(rig))?,
    ];
    for (name, cache) in l1::all() {
        let verifier = rig.verifier(cache);
        let verify = move |token: &str| verifier.verify_now(token).ok();
        contenders.push(contender(name, rig, verify)?);
    }
    Ok(contenders)
}

/// The next token with each call, in the rig's order.
fn contender(
    name: &str,
    rig: &Rig,
    get: impl Fn(&str) -> Option<Arc<Identity>> + 'static,
) -> Result<Contender, Failure> {
    rig.check(name, &get)?;
    let (tokens, order) = (rig.tokens.clone(), rig.order.clone());
    let mut place = 0;
    Ok(Contender::new(name, move || {
        let token = &tokens[order[place]];
        place = if place + 1 == order.len() {
            0
        } else {
            place + 1
        };
        black_box(get(black_box(token)));
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contender_says_whose_each_token_is() {
        // Making them checks it; a call panics where one is not accepted.
        for group in (suite().groups)().unwrap() {
            for mut contender in group.contenders {
                contender.call(1);
            }
        }
    }
}
