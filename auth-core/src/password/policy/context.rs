//! Words that an attacker would try on this user, or on this service.

use std::fmt;

/// What belongs to a user or a service and must not be most of a password: a
/// name, an address, the name of the service.
///
/// Words count in whatever case. Those of fewer than three characters are left
/// out: they are in everything.
///
/// ```
/// use auth_core::password::{ContextWords, Password, PasswordPolicy};
///
/// let words = ContextWords::new()
///     .with_words("Anna Lindqvist")
///     .with_email("anna.lindqvist@example.com");
/// let policy = PasswordPolicy::default();
/// let chosen = Password::new("Lindqvist-Anna-1987".to_owned())?;
/// let refused = policy.check_for(&chosen, &words).unwrap_err();
/// assert_eq!(refused.code(), "context_word");
/// # Ok::<(), auth_core::password::PasswordError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ContextWords(Vec<String>);

impl ContextWords {
    /// None.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The words of a text, a name perhaps, and the whole of it.
    pub fn with_words(mut self, text: &str) -> Self {
        // A long text is no name, and each word is looked for.
        let start: String = text.chars().take(MAX_CHARS).collect();
        let folded = fold(&start);
        for word in folded.split(|c: char| !c.is_alphanumeric()) {
            self.add(word);
        }
        let joined: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
        self.add(&joined);
        self
    }

    /// The local part and the domain of an e-mail address, without the top-level
    /// domain, which belongs to everybody. Any other text is taken as words.
    pub fn with_email(self, address: &str) -> Self {
        match address.rsplit_once('@') {
            Some((local, domain)) => self.with_words(local).with_domain(domain),
            None => self.with_words(address),
        }
    }

    /// The labels of a domain name, without the last.
    pub fn with_domain(self, domain: &str) -> Self {
        match domain.trim_end_matches('.').rsplit_once('.') {
            Some((labels, _)) => self.with_words(labels),
            None => self.with_words(domain),
        }
    }

    /// These words and those.
    pub fn and(mut self, others: &Self) -> Self {
        for word in &others.0 {
            self.add(word);
        }
        self
    }

    fn add(&mut self, word: &str) {
        let long = word.chars().count() >= SHORTEST_WORD;
        if long && self.0.len() < MAX_WORDS && !self.0.iter().any(|known| known == word) {
            self.0.push(word.to_owned());
            // A longer word is taken out of a password before its parts are.
            self.0.sort_by_key(|word| std::cmp::Reverse(word.len()));
        }
    }

    /// Whether too little is left of `folded` once the words are taken out of it.
    pub(super) fn make_up(&self, folded: &str, least_left: usize) -> bool {
        let mut left = zeroize::Zeroizing::new(folded.to_owned());
        let mut found = false;
        for word in &self.0 {
            if left.contains(word.as_str()) {
                found = true;
                // A mark, so that what stood around a word does not make one.
                left = zeroize::Zeroizing::new(left.replace(word.as_str(), "\0"));
            }
        }
        found && left.chars().filter(|&c| c != '\0').count() < least_left
    }
}

impl fmt::Debug for ContextWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Personal data.
        f.debug_struct("ContextWords")
            .field("count", &self.0.len())
            .finish_non_exhaustive()
    }
}

/// Lower case, as far as one code point decides.
pub(super) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

const SHORTEST_WORD: usize = 3;
const MAX_WORDS: usize = 64;
const MAX_CHARS: usize = 256;
