//! Whether the time of a refused log-in tells who has an account.

mod welch;

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;

use crate::child::Service;
use crate::client::{Client, address};
use crate::figures::{header, ms, row};
use crate::options::Options;
use crate::service::{self, NICENESS, What};
use crate::{Failure, database, users};
use welch::{Sample, cropped, t};

/// How much of it, and of which service.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    samples: u32,
    what: What,
}

impl Plan {
    /// Reads `[--samples N] [--service NAME]`: so many of each kind.
    ///
    /// # Errors
    /// If an argument is none of these.
    pub fn parse(arguments: &[&str]) -> Result<Self, Failure> {
        let mut options = Options::new(arguments)?;
        let plan = Self {
            samples: options.take("--samples", 20_000)?,
            what: options.take("--service", What::Ours)?,
        };
        options.end()?;
        Ok(plan)
    }
}

/// Beyond this, a difference is not chance (ISO/IEC 17825 uses the same).
const MOST_T: f64 = 4.5;

/// Of the mean.
const MOST_DIFFERENCE: f64 = 0.01;

/// How much is kept when outliers are left out.
const KEPT: f64 = 0.9;

/// How often a name may be refused before it has to wait: after five.
const TIMES_EACH: u32 = 4;

/// Refuses log-ins of those who exist and of those who do not, in random order
/// and one at a time, and compares the times. `true` if nothing can be told.
///
/// # Errors
/// If the service or PostgreSQL does not start, or an answer is not the one
/// refusal.
pub async fn run(plan: &Plan) -> Result<bool, Failure> {
    let database = database::create("timing").await?;
    let service = Service::start(&service::Options {
        what: plan.what,
        threads: 1,
        niceness: NICENESS,
        patience: 1,
        database: database.clone(),
    })
    .await?;
    let count = plan.samples.div_ceil(TIMES_EACH);
    users::insert(&database, "exists", count, "another password").await?;
    let mut client = Client::connect(service.address, address(0)).await?;
    for number in 0..WARM_UP {
        refused(&mut client, "warm-up", number).await?;
    }
    let [mut exists, mut unknown] = [Vec::new(), Vec::new()];
    for (number, known_first) in (0..plan.samples).zip(coins(plan.samples)?) {
        for known in [known_first, !known_first] {
            let kind = if known { "exists" } else { "nobody" };
            let took = refused(&mut client, kind, number / TIMES_EACH).await?;
            if known { &mut exists } else { &mut unknown }.push(took.as_secs_f64());
        }
    }
    service.stop().await?;
    Ok(report(&exists, &unknown))
}

const WARM_UP: u32 = 20;

/// A log-in that must be refused, by how long it took.
async fn refused(client: &mut Client, kind: &str, number: u32) -> Result<Duration, Failure> {
    let body = json!({
        "identifier": users::name(kind, number),
        "password": "this is not the password",
    });
    client.become_client_at(address(number));
    let answer = client.post("/auth/login", &body).await?;
    if answer.status != 401 {
        return Err(format!("a wrong log-in was answered {}", answer.status).into());
    }
    Ok(answer.took)
}

/// Which of each pair comes first.
fn coins(count: u32) -> Result<Vec<bool>, Failure> {
    let mut bytes = vec![0; usize::try_from(count)?];
    let random = SystemRandom::new();
    random.fill(&mut bytes).map_err(|_| "no randomness")?;
    Ok(bytes.iter().map(|byte| byte % 2 == 0).collect())
}

fn report(exists: &[f64], unknown: &[f64]) -> bool {
    println!(
        "{}",
        header(["kept", "exists", "unknown", "difference", "Welch's t", ""])
    );
    let [exists_cropped, unknown_cropped] = cropped(exists, unknown, KEPT);
    let all = verdict("all", exists, unknown);
    let most = verdict("the fastest 90 %", &exists_cropped, &unknown_cropped);
    all && most
}

fn verdict(kept: &str, exists: &[f64], unknown: &[f64]) -> bool {
    let [one, other] = [exists, unknown].map(Sample::of);
    let (t, difference) = (t(one, other), one.mean / other.mean - 1.0);
    let told = t.abs() >= MOST_T || difference.abs() >= MOST_DIFFERENCE;
    let mean = |it: Sample| ms(Duration::from_secs_f64(it.mean));
    println!(
        "{}",
        row([
            kept,
            &mean(one),
            &mean(other),
            &format!("{:+.3} %", difference * 100.0),
            &format!("{t:+.2}"),
            if told { "**differs**" } else { "as one" },
        ])
    );
    !told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_of_a_percent_is_seen_and_none_is_not() {
        let times = |mean: f64| (0..2000).map(|n| mean + f64::from(n % 10) * 0.01).collect();
        let (slow, fast): (Vec<f64>, Vec<f64>) = (times(10.0), times(9.8));
        assert!(!report(&slow, &fast));
        assert!(report(&slow, &slow));
    }
}
