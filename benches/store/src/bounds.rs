//! How long a soak goes on, and what is wrong on purpose.

use std::time::{Duration, Instant};

use crate::Failure;

#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    /// Presentations, or acknowledged changes.
    pub(crate) number: u64,
    pub(crate) until: Instant,
    pub(crate) seed: u64,
    /// The flaw that must be found.
    pub(crate) broken: Option<String>,
}

impl Bounds {
    /// Reads `[NUMBER] [--minutes N] [--seed N] [--broken FLAW]`.
    pub(crate) fn read(
        arguments: &[&str],
        number: u64,
        minutes: u64,
        flaws: &[&str],
    ) -> Result<Self, Failure> {
        let now = Instant::now();
        let mut bounds = Self {
            number,
            until: now + Duration::from_secs(minutes * 60),
            seed: now_nanos()?,
            broken: None,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or(format!("{argument} wants a value"));
            match *argument {
                "--minutes" => {
                    let minutes: u64 = value()?.parse()?;
                    bounds.until = now + Duration::from_secs(minutes * 60);
                }
                "--seed" => bounds.seed = value()?.parse()?,
                "--broken" => {
                    let flaw = *value()?;
                    if !flaws.contains(&flaw) {
                        return Err(format!("--broken one of {}", flaws.join(", ")).into());
                    }
                    bounds.broken = Some(flaw.to_owned());
                }
                number => bounds.number = number.parse()?,
            }
        }
        Ok(bounds)
    }

    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Whether it is over in seconds, so that what disturbs it must come often.
    pub(crate) const fn is_short(&self) -> bool {
        self.number < 50_000
    }

    pub(crate) fn is_broken(&self, flaw: &str) -> bool {
        self.broken.as_deref() == Some(flaw)
    }
}

/// A store that acknowledges before it has written, which a crash then shows.
pub(crate) const FORGETFUL: &str = "forgetful";

/// Another seed for every run.
fn now_nanos() -> Result<u64, Failure> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(u64::try_from(now.as_nanos() % 1_000_000_007)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_and_flaws_that_are_none_are_refused() {
        let read = |arguments: &[&str]| Bounds::read(arguments, 10, 1, &[FORGETFUL]);
        let bounds = read(&["20", "--seed", "3", "--broken", FORGETFUL]).unwrap();
        assert_eq!((bounds.number, bounds.seed), (20, 3));
        assert!(bounds.is_broken(FORGETFUL) && !bounds.is_over());
        assert_eq!(read(&[]).unwrap().number, 10);
        for wrong in [&["--broken", "else"][..], &["--seed"], &["many"]] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
