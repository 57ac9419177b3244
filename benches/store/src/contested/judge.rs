//! What the history of answers says, and nothing else: no code of the SDK judges
//! here, and no row of the store.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use super::text::Text;

/// A client whose token was good when its race began, and who asks again until
/// there is an answer.
pub(crate) const GRACE: Duration = Duration::from_secs(60);

/// Who presents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The session's client, with its newest token; the instance has the grace
    /// above.
    Client,
    /// The same, where the instance has no grace: one gets the successor, and the
    /// next is taken for a thief.
    ClientWithoutGrace,
    /// A thief, with a token that was spent so long ago, or so often, that it must
    /// end the session.
    Thief,
    /// The client of a session that was stolen, with its newest token.
    Robbed,
}

/// An answer that decides: no outage, and not lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Successor(String),
    Refused(String),
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    pub(crate) rotated: u64,
    /// The successor that was given before, byte for byte.
    pub(crate) replayed: u64,
    pub(crate) superseded: u64,
    pub(crate) refused_as_theft: u64,
    /// Refused when the retry may have come after the grace.
    pub(crate) after_the_grace: u64,

    // From here on, what must be 0.
    pub(crate) double_successors: u64,
    pub(crate) forced_log_outs: u64,
    /// Answers of a kind that nobody should get there.
    pub(crate) undocumented: u64,
    /// Tokens for thieves, and for whoever comes after them.
    pub(crate) thieves_served: u64,
    /// Sentences about the first of each kind.
    pub(crate) examples: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Judge {
    pub(crate) chains: HashMap<[u8; 16], Chain>,
    pub(crate) findings: Findings,
}

/// A session, as its tokens tell.
#[derive(Debug)]
pub(crate) struct Chain {
    /// The newest token that was given to anybody.
    pub(crate) newest: Text,
    pub(crate) is_stolen: bool,
    given: BTreeMap<u32, Given>,
}

/// What came of presenting the token of one generation.
#[derive(Debug)]
struct Given {
    first_presented: Instant,
    successor: Option<String>,
}

impl Judge {
    /// A session has opened, with its first token.
    pub(crate) fn opened(&mut self, token: &str) {
        match Text::read(token) {
            Some(newest) => {
                let chain = Chain {
                    newest: newest.clone(),
                    is_stolen: false,
                    given: BTreeMap::new(),
                };
                self.chains.insert(newest.session, chain);
            }
            None => self.undocumented("a session opened with what is no token".to_owned()),
        }
    }

    /// Before a token is presented for the first time, or again.
    pub(crate) fn presented(&mut self, token: &str, who: Who, at: Instant) {
        let Some(text) = Text::read(token) else {
            return;
        };
        let Some(chain) = self.chains.get_mut(&text.session) else {
            return;
        };
        chain.is_stolen |= matches!(who, Who::Thief | Who::ClientWithoutGrace);
        chain.given.entry(text.generation).or_insert(Given {
            first_presented: at,
            successor: None,
        });
    }

    pub(crate) fn answered(&mut self, token: &str, who: Who, answer: &Answer, at: Instant) {
        let presented = Text::read(token);
        let known = presented.and_then(|text| {
            let chain = self.chains.get_mut(&text.session)?;
            Some((text, chain))
        });
        let Some((text, chain)) = known else {
            return self.undocumented("something was presented that was never given".to_owned());
        };
        let generation = text.generation;
        match (answer, who) {
            (Answer::Successor(successor), Who::Client | Who::ClientWithoutGrace) => {
                let Some(next) = Text::read(successor)
                    .filter(|it| it.session == text.session && it.generation == generation + 1)
                else {
                    return self.undocumented(format!("{text} has a successor that is none"));
                };
                let Some(given) = chain.given.get_mut(&generation) else {
                    return self.undocumented(format!("{text} was answered before it was asked"));
                };
                match &given.successor {
                    None => {
                        given.successor = Some(successor.clone());
                        if next.generation > chain.newest.generation {
                            chain.newest = next;
                        }
                        self.findings.rotated += 1;
                    }
                    Some(before) if before == successor && who == Who::Client => {
                        self.findings.replayed += 1;
                    }
                    Some(before) if before == successor => {
                        self.findings.thieves_served += 1;
                        self.example(format!("{text} was succeeded twice, without a grace"));
                    }
                    Some(_) => {
                        self.findings.double_successors += 1;
                        self.example(format!("{text} has two successors"));
                    }
                }
            }
            (Answer::Successor(_), Who::Thief | Who::Robbed) => {
                self.findings.thieves_served += 1;
                self.example(format!("{who:?} with {text} got a successor"));
            }
            (Answer::Refused(code), Who::Client) if code == "superseded" => {
                // Two generations behind, if somebody has gone on from the next.
                if chain.given.contains_key(&(generation + 1)) {
                    self.findings.superseded += 1;
                } else {
                    self.undocumented(format!("{text} is superseded, and is the newest"));
                }
            }
            (Answer::Refused(code), Who::Client) if code == "invalid_grant" => {
                // It was spent after it was first presented, whosever answer that
                // was; so until then it cannot have been too late.
                let first = chain.given.get(&generation).map(|it| it.first_presented);
                if first.is_some_and(|first| at.duration_since(first) < GRACE) {
                    self.findings.forced_log_outs += 1;
                    self.example(format!("{text} was refused within the grace"));
                } else {
                    self.findings.after_the_grace += 1;
                }
            }
            (Answer::Refused(code), _) if code == "invalid_grant" => {
                self.findings.refused_as_theft += 1;
            }
            (Answer::Refused(code), _) => {
                self.undocumented(format!("{who:?} with {text} was told {code}"));
            }
        }
    }

    fn undocumented(&mut self, said: String) {
        self.findings.undocumented += 1;
        self.example(said);
    }

    fn example(&mut self, said: String) {
        if self.findings.examples.len() < 10 {
            self.findings.examples.push(said);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: fn(u32, u8) -> String = |generation, secret| Text::write(1, generation, secret);

    /// A session whose first token was presented a moment ago.
    fn judge() -> (Judge, Instant) {
        let (mut judge, now) = (Judge::default(), Instant::now());
        judge.opened(&T(0, 0));
        judge.presented(&T(0, 0), Who::Client, now);
        (judge, now)
    }

    fn given(token: String) -> Answer {
        Answer::Successor(token)
    }

    fn refused(code: &str) -> Answer {
        Answer::Refused(code.to_owned())
    }

    #[test]
    fn the_same_successor_again_is_well_and_another_one_is_found() {
        let (mut judge, now) = judge();
        for _ in 0..2 {
            judge.answered(&T(0, 0), Who::Client, &given(T(1, 1)), now);
        }
        let well = Findings {
            rotated: 1,
            replayed: 1,
            ..Findings::default()
        };
        assert_eq!(judge.findings, well);
        assert_eq!(judge.chains[&[1; 16]].newest.generation, 1);

        judge.answered(&T(0, 0), Who::Client, &given(T(1, 2)), now);
        assert_eq!(judge.findings.double_successors, 1);
    }

    #[test]
    fn a_refusal_within_the_grace_is_a_forced_log_out_and_later_it_is_not() {
        let (mut judge, now) = judge();
        let last = now + Duration::from_millis(59_999);
        judge.answered(&T(0, 0), Who::Client, &refused("invalid_grant"), last);
        assert_eq!(judge.findings.forced_log_outs, 1);
        let late = now + GRACE;
        judge.answered(&T(0, 0), Who::Client, &refused("invalid_grant"), late);
        assert_eq!(judge.findings.forced_log_outs, 1);
        assert_eq!(judge.findings.after_the_grace, 1);
    }

    #[test]
    fn only_what_was_overtaken_is_superseded() {
        let (mut judge, now) = judge();
        judge.answered(&T(0, 0), Who::Client, &given(T(1, 1)), now);
        judge.answered(&T(0, 0), Who::Client, &refused("superseded"), now);
        assert_eq!(judge.findings.undocumented, 1);
        judge.presented(&T(1, 1), Who::Client, now);
        judge.answered(&T(0, 0), Who::Client, &refused("superseded"), now);
        assert_eq!(judge.findings.superseded, 1);
        assert_eq!(judge.findings.undocumented, 1);
    }

    #[test]
    fn a_thief_who_is_served_is_found_and_so_is_who_comes_after() {
        let (mut judge, now) = judge();
        judge.presented(&T(0, 0), Who::Thief, now);
        assert!(judge.chains[&[1; 16]].is_stolen);
        judge.answered(&T(0, 0), Who::Thief, &refused("invalid_grant"), now);
        assert_eq!(judge.findings.refused_as_theft, 1);
        judge.answered(&T(0, 0), Who::Thief, &given(T(1, 1)), now);
        judge.answered(&T(0, 0), Who::Robbed, &given(T(1, 1)), now);
        assert_eq!(judge.findings.thieves_served, 2);
    }

    #[test]
    fn without_a_grace_one_is_served_and_no_other() {
        let (mut judge, now) = judge();
        judge.answered(&T(0, 0), Who::ClientWithoutGrace, &given(T(1, 1)), now);
        assert_eq!(judge.findings.thieves_served, 0);
        judge.answered(&T(0, 0), Who::ClientWithoutGrace, &given(T(1, 1)), now);
        assert_eq!(judge.findings.thieves_served, 1);
    }

    #[test]
    fn what_nobody_should_be_told_is_found() {
        let (mut judge, now) = judge();
        judge.answered(&T(0, 0), Who::Client, &refused("internal_error"), now);
        judge.answered(&T(0, 0), Who::Client, &given(T(2, 1)), now);
        judge.answered(&T(0, 0), Who::Client, &given(Text::write(2, 1, 1)), now);
        judge.answered(&Text::write(3, 0, 0), Who::Client, &given(T(1, 1)), now);
        assert_eq!(judge.findings.undocumented, 4);
    }
}
