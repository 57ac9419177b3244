//! Verifying and issuing access tokens, by algorithm.

mod case;
mod check;
mod claims;
mod contender;
mod floor;
mod jsonwebtoken;
mod ours;
mod raw;
mod token;

use auth_core::key::{Algorithm, Backend};

use crate::Failure;
use crate::goal::Goal;
use crate::group::{Group, Suite};

pub use case::Case;
pub use claims::{AUDIENCE, Claims, ISSUER, Issued, KID};
pub use contender::{Depth, Issuing, Peer, Verifying};
pub use token::Token;

/// The algorithms that are measured.
pub const ALGORITHMS: &[Algorithm] = &[
    Algorithm::Hs256,
    Algorithm::Rs256,
    Algorithm::Ps256,
    Algorithm::Es256,
    Algorithm::EdDsa,
];

/// Ours on both backends against each backend's own primitive, jsonwebtoken,
/// and whoever else is given; `EdDSA` is verified by ed25519-dalek too.
pub fn suite(peers: Vec<Box<dyn Peer>>) -> Suite {
    Suite {
        name: "tokens",
        groups: Box::new(move || {
            let mut groups = Vec::new();
            for &algorithm in ALGORITHMS {
                let case = Case::new(algorithm)?;
                groups.push(verify(&case, &peers)?);
                groups.push(issue(&case, &peers)?);
            }
            Ok(groups)
        }),
    }
}

fn verify(case: &Case, others: &[Box<dyn Peer>]) -> Result<Group, Failure> {
    let algorithm = case.algorithm;
    let mut contenders = vec![
        ours::verifying(case, Backend::Ring)?,
        ours::verifying(case, Backend::AwsLcRs)?,
        raw::ring::verifying(case)?,
        raw::aws_lc_rs::verifying(case)?,
        jsonwebtoken::verifying(case)?,
    ];
    let mut goals = Vec::new();
    if algorithm == Algorithm::Hs256 {
        goals.push(Goal::time(ours::RING, jsonwebtoken::NAME, 0.45));
        goals.push(Goal::time(ours::AWS_LC, jsonwebtoken::NAME, 0.45));
        goals.push(Goal::stated(ours::RING, raw::RING));
        goals.push(Goal::stated(ours::AWS_LC, raw::AWS_LC));
    } else {
        let most = if is_rsa(algorithm) { 1.10 } else { 1.05 };
        goals.push(Goal::time(ours::RING, raw::RING, most));
        goals.push(Goal::time(ours::AWS_LC, raw::AWS_LC, most));
        goals.push(Goal::time(ours::AWS_LC, jsonwebtoken::NAME, 1.0));
    }
    let with_dalek = algorithm == Algorithm::EdDsa;
    if with_dalek {
        contenders.push(ours::verifying(case, Backend::AwsLcRsWithDalek)?);
        contenders.push(raw::ed25519_dalek::verifying(case)?);
        goals.push(Goal::time(ours::DALEK, raw::DALEK, 1.05));
        goals.push(Goal::time(ours::DALEK, jsonwebtoken::NAME, 1.0));
        goals.push(Goal::stated(ours::DALEK, ours::AWS_LC));
    }
    for other in others {
        if let Some(contender) = other.verifying(case)? {
            goals.push(Goal::time(ours::AWS_LC, &contender.name, 1.0));
            if with_dalek {
                goals.push(Goal::time(ours::DALEK, &contender.name, 1.0));
            }
            contenders.push(contender);
        }
    }
    for contender in &contenders {
        check::verifies(contender, case)?;
    }
    Ok(Group {
        name: format!("verify {algorithm}"),
        contenders: contenders.into_iter().map(|it| it.on(case)).collect(),
        goals,
        no_page_faults: None,
        wants_idle: false,
    })
}

fn issue(case: &Case, others: &[Box<dyn Peer>]) -> Result<Group, Failure> {
    let algorithm = case.algorithm;
    let mut contenders = vec![
        ours::issuing(case, Backend::Ring)?,
        ours::issuing(case, Backend::AwsLcRs)?,
        raw::ring::issuing(case)?,
        raw::aws_lc_rs::issuing(case)?,
        jsonwebtoken::issuing(case)?,
    ];
    let pairs = [(ours::RING, raw::RING), (ours::AWS_LC, raw::AWS_LC)];
    let mut goals: Vec<Goal> = pairs
        .iter()
        .map(|(ours, raw)| match algorithm {
            // To ask the system for an id takes as long as a MAC.
            Algorithm::Hs256 => Goal::out_of_reach(ours, raw, 1.10),
            _ if is_rsa(algorithm) => Goal::time(ours, raw, 1.02),
            _ => Goal::time(ours, raw, 1.10),
        })
        .collect();
    if algorithm == Algorithm::Hs256 {
        contenders.push(floor::issuing(case)?);
        goals.push(Goal::stated(floor::NAME, raw::AWS_LC));
        goals.push(Goal::stated(ours::AWS_LC, floor::NAME));
    }
    goals.push(Goal::time(ours::AWS_LC, jsonwebtoken::NAME, 1.0));
    for other in others {
        if let Some(contender) = other.issuing(case)? {
            goals.push(Goal::time(ours::AWS_LC, &contender.name, 1.0));
            contenders.push(contender);
        }
    }
    for contender in &contenders {
        check::issues(contender, case)?;
    }
    Ok(Group {
        name: format!("issue {algorithm}"),
        contenders: contenders.into_iter().map(Issuing::contender).collect(),
        goals,
        no_page_faults: None,
        wants_idle: false,
    })
}

fn is_rsa(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contender_does_the_work_before_it_is_timed() {
        let groups = (suite(Vec::new()).groups)().unwrap();
        assert_eq!(groups.len(), 2 * ALGORITHMS.len());
        for group in groups {
            let more = match &*group.name {
                "issue HS256" => 1,
                "verify EdDSA" => 2,
                _ => 0,
            };
            assert_eq!(group.contenders.len(), 5 + more);
        }
    }

    #[test]
    fn a_token_has_457_bytes_with_a_mac() {
        let case = Case::new(Algorithm::Hs256).unwrap();
        assert_eq!(case.good.text().len(), 457);
    }
}
