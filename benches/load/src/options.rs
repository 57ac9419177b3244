//! `--name value` on the command line.

use std::str::FromStr;

use crate::Failure;

/// Pairs of a name and its value, each of which must be asked for.
pub(crate) struct Options<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Options<'a> {
    pub(crate) fn new(arguments: &'a [&'a str]) -> Result<Self, Failure> {
        let pairs = arguments.chunks(2).map(|pair| match *pair {
            [name, value] if name.starts_with("--") => Ok((name, value)),
            _ => Err(format!("expected --name value, not {pair:?}").into()),
        });
        pairs.collect::<Result<_, Failure>>().map(Self)
    }

    pub(crate) fn take<T: FromStr>(&mut self, name: &str, default: T) -> Result<T, Failure> {
        let Some(at) = self.0.iter().position(|(given, _)| *given == name) else {
            return Ok(default);
        };
        let (_, value) = self.0.swap_remove(at);
        let wrong = |_| format!("{name} cannot be {value}").into();
        value.parse().map_err(wrong)
    }

    /// Nothing may be left over.
    pub(crate) fn end(self) -> Result<(), Failure> {
        match self.0.first() {
            Some((name, _)) => Err(format!("there is no {name}").into()),
            None => Ok(()),
        }
    }
}
