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

impl Findings {
    pub(crate) const fn is_clean(&self) -> bool {
        self.double_successors == 0
            && self.forced_log_outs == 0
            && self.undocumented == 0
            && self.thieves_served == 0
    }
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
            None => self.undocumented(format!("a session opened with {token}")),
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
            return self.undocumented(format!("{token} was presented, and never given"));
        };
        let generation = text.generation;
        match (answer, who) {
            (Answer::Successor(successor), Who::Client | Who::ClientWithoutGrace) => {
                let Some(next) = Text::read(successor)
                    .filter(|it| it.session == text.session && it.generation == generation + 1)
                else {
                    return self.undocumented(format!("{token} was succeeded by {successor}"));
                };
                let Some(given) = chain.given.get_mut(&generation) else {
                    return self.undocumented(format!("{token} was answered before it was asked"));
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
                        self.example(format!("without a grace {token} got {successor} twice"));
                    }
                    Some(before) => {
                        let said = format!("{token} was succeeded by {before} and {successor}");
                        self.findings.double_successors += 1;
                        self.example(said);
                    }
                }
            }
            (Answer::Successor(successor), Who::Thief | Who::Robbed) => {
                self.findings.thieves_served += 1;
                self.example(format!("{who:?} with {token} got {successor}"));
            }
            (Answer::Refused(code), Who::Client) if code == "superseded" => {
                // Two generations behind, if somebody has gone on from the next.
                if chain.given.contains_key(&(generation + 1)) {
                    self.findings.superseded += 1;
                } else {
                    self.undocumented(format!("{token} is superseded, and is the newest"));
                }
            }
            (Answer::Refused(code), Who::Client) if code == "invalid_grant" => {
                // It was spent after it was first presented, whosever answer that
                // was; so until then it cannot have been too late.
                let first = chain.given.get(&generation).map(|it| it.first_presented);
                if first.is_some_and(|first| at.duration_since(first) < GRACE) {
                    self.findings.forced_log_outs += 1;
                    self.example(format!("{token} was refused within the grace"));
                } else {
                    self.findings.after_the_grace += 1;
                }
            }
            (Answer::Refused(code), _) if code == "invalid_grant" => {
                self.findings.refused_as_theft += 1;
            }
            (Answer::Refused(code), _) => {
                self.undocumented(format!("{who:?} with {token} was told {code}"));
            }
        }
    }

    /// That an outage is one must be said so.
    pub(crate) fn undocumented(&mut self, said: String) {
        self.findings.undocumented += 1;
        self.example(said);
    }

    fn example(&mut self, said: String) {
        if self.findings.examples.len() < 10 {
            self.findings.examples.push(said);
        }
    }
}
