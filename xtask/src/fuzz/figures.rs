//! What a run of libFuzzer came to.

use std::fmt;

/// The figures of its last line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Figures {
    executions: u64,
    edges: u64,
    inputs: String,
    per_second: u64,
}

impl Figures {
    /// Reads `#N DONE cov: C ft: F corp: I/B … exec/s: E …`; `None` if it did not come to its end.
    pub(super) fn read(log: &str) -> Option<Self> {
        let line = log
            .lines()
            .rev()
            .find(|line| line.starts_with('#') && line.contains("DONE"))?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let after = |name: &str| {
            let place = words.iter().position(|word| *word == name)?;
            words.get(place + 1).copied()
        };
        Some(Self {
            executions: words.first()?.trim_start_matches('#').parse().ok()?,
            edges: after("cov:")?.parse().ok()?,
            inputs: after("corp:")?.to_owned(),
            per_second: after("exec/s:")?.parse().ok()?,
        })
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            executions,
            edges,
            inputs,
            per_second,
        } = self;
        write!(
            f,
            "{executions} executions ({per_second}/s), {edges} edges covered, corpus {inputs}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_read_and_an_early_end_has_no_figures() {
        let log = "\
            #4\tINITED cov: 1 ft: 2 corp: 1/1b exec/s: 0 rss: 30Mb\n\
            #55983\tDONE   cov: 4123 ft: 8815 corp: 701/99Kb lim: 975 exec/s: 3498 rss: 450Mb\n\
            Done 55983 runs in 16 second(s)\n";
        let figures = Figures::read(log).unwrap();
        assert_eq!(
            figures.to_string(),
            "55983 executions (3498/s), 4123 edges covered, corpus 701/99Kb"
        );
        assert_eq!(Figures::read("#4\tINITED cov: 1\n==7== ERROR"), None);
        assert_eq!(Figures::read(""), None);
    }
}
