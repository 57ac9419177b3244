//! Which passwords may not be chosen, and why: checklist 76 and 78.
#![cfg(feature = "password")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::error::Error;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use auth_core::PolicyVersion;
use auth_core::password::{
    BreachCheck, BreachError, BreachRanges, ContextWords, Password, PasswordPolicy,
    PolicyViolation, WhenUnanswered,
};

fn password(text: &str) -> Password {
    Password::new(text.to_owned()).unwrap()
}

/// With a second factor: what would be short otherwise is judged by its text.
fn lenient() -> PasswordPolicy {
    PasswordPolicy::default().with_min_code_points(8).unwrap()
}

fn code(policy: &PasswordPolicy, text: &str) -> Result<(), &'static str> {
    policy.check(&password(text)).map_err(PolicyViolation::code)
}

fn code_for(words: &ContextWords, text: &str) -> Result<(), &'static str> {
    lenient()
        .check_for(&password(text), words)
        .map_err(PolicyViolation::code)
}

#[test]
fn c78_common_passwords_may_not_be_chosen_in_any_case() {
    for text in [
        "password",
        "PassWord",
        "12345678",
        "iloveyou",
        "password1",
        "sunshine",
        "princess",
        "trustno1",
        "passw0rd",
        "football",
        "1q2w3e4r",
        "qwertyuiop",
        "letmein1",
        "mustang1",
        "liverpool",
        "butterfly",
        "spiderman",
        "starwars",
        "corvette",
        "changeme",
    ] {
        assert_eq!(code(&lenient(), text), Err("common_password"), "{text}");
    }
}

#[test]
fn c78_only_what_was_held_to_these_rules_is_current() {
    let policy = lenient();
    let later = PolicyVersion::new(policy.version().number() + 1);
    assert!(policy.is_current(Some(policy.version())));
    // A later build has accepted it, beside this one.
    assert!(later.is_some() && policy.is_current(later));
    assert!(!policy.is_current(None));
    // Nor is what was accepted under any version before the one that asks.
    assert!(later.is_some_and(|later| !later.is_met_by(Some(policy.version()))));
}

#[test]
fn c78_two_common_passwords_in_a_row_may_not_be_chosen_either() {
    for text in [
        "password12345678",
        "PasswordPassword",
        "qwertyuiop123456",
        "iloveyouprincess",
        "dragonbutterfly1",
    ] {
        let verdict = code(&PasswordPolicy::default(), text);
        assert_eq!(verdict, Err("common_password"), "{text}");
    }
}

#[test]
fn c78_repetitions_and_sequences_may_not_be_chosen() {
    for text in [
        "zzzzzzzzzzzzzzzzz",
        "               ",
        "\u{5bc6}\u{7801}\u{5bc6}\u{7801}\u{5bc6}\u{7801}\u{5bc6}\u{7801}\u{5bc6}\u{7801}\u{5bc6}\u{7801}\u{5bc6}\u{7801}\u{5bc6}\u{7801}",
        "xyz!xyz!xyz!xyz!",
        "abcdefghijklmnopq",
        "ponmlkjihgfedcba",
        "12345678901234567",
        "qwertyuiopasdfghjkl",
        "ABCDEFGH12345678",
        "mnbvcxzlkjhgfdsapoiuytrewq",
    ] {
        let verdict = code(&PasswordPolicy::default(), text);
        let refused = matches!(verdict, Err("predictable" | "common_password"));
        assert!(refused, "{text} {verdict:?}");
    }
    assert_eq!(
        code(&PasswordPolicy::default(), "xyz!xyz!xyz!xyz!"),
        Err("predictable")
    );
}

/// NIST compares the whole password with the list, not its parts.
#[test]
fn c76_a_long_password_may_contain_what_it_may_not_be() {
    for text in [
        "correct horse battery staple",
        "my password is a secret 12345678",
        "the dragon ate a qwerty keyboard",
        "aaaaaaaa and then something else",
        "\u{43f}\u{440}\u{430}\u{432}\u{438}\u{43b}\u{44c}\u{43d}\u{430}\u{44f} \u{43b}\u{43e}\u{448}\u{430}\u{434}\u{44c}",
        "zw\u{f6}lf Boxk\u{e4}mpfer jagen",
        "nothing1but2lower3and4digits",
    ] {
        assert_eq!(code(&PasswordPolicy::default(), text), Ok(()), "{text}");
    }
}

#[test]
fn c78_little_more_than_a_name_or_an_address_may_not_be_chosen() {
    let anna = ContextWords::new()
        .with_words("Anna Lindqvist")
        .with_email("a.lindqvist.1987@mail.example-shop.com");
    for text in [
        "lindqvist",
        "Anna-Lindqvist",
        "LINDQVIST2026!",
        "annalindqvist#7",
        "1987lindqvist!",
        "example-shop-1",
        "anna4lindqvist",
    ] {
        assert_eq!(code_for(&anna, text), Err("context_word"), "{text}");
        assert_eq!(code_for(&ContextWords::new(), text), Ok(()), "{text}");
    }
    for text in [
        "Lindqvists eat at noon",
        "com-a-vbnwdk",
        "annabelle and the sea",
    ] {
        assert_eq!(code_for(&anna, text), Ok(()), "{text}");
    }
}

#[test]
fn c78_the_services_own_words_may_not_be_chosen() {
    let words = ContextWords::new().with_domain("login.acmebank.example");
    let policy = lenient().with_service_words(&words.with_words("Acme Bank"));
    for text in ["AcmeBank2026", "acme_bank-7", "mylogin@acmebank"] {
        assert_eq!(code(&policy, text), Err("context_word"), "{text}");
    }
    assert_eq!(code(&policy, "acmebank gave me a blue pen"), Ok(()));
}

/// Names are the user's own: whatever they are, judging is quick and calm.
#[test]
fn hostile_context_words_do_no_harm() {
    let names = [
        "x".repeat(1 << 20),
        "abcd ".repeat(100_000),
        "@".repeat(1000),
        "\u{130}\u{1e9e}\u{fb01}\u{1f511}".repeat(1000),
        ".@.".to_owned(),
        String::new(),
    ];
    for name in &names {
        let words = ContextWords::new().with_words(name).with_email(name);
        let long = password(&"correct horse battery staple ".repeat(30));
        assert_eq!(lenient().check_for(&long, &words), Ok(()));
    }
    let shown = format!("{:?}", ContextWords::new().with_words("Lindqvist"));
    assert!(!shown.contains("lind"), "{shown}");
}

#[test]
fn every_reason_has_a_code_of_its_own() {
    let codes = [
        PolicyViolation::TooShort { min_code_points: 8 }.code(),
        PolicyViolation::TooLong { max_bytes: 256 }.code(),
        PolicyViolation::ControlCharacter.code(),
        PolicyViolation::Common.code(),
        PolicyViolation::Predictable.code(),
        PolicyViolation::ContextWord.code(),
        PolicyViolation::Breached.code(),
    ];
    assert_eq!(
        codes,
        [
            "too_short",
            "too_long",
            "control_character",
            "common_password",
            "predictable",
            "context_word",
            "breached"
        ]
    );
}

/// A list of hashes that remembers what it was asked for.
#[derive(Debug, Default)]
struct Ranges {
    answer: Mutex<Option<String>>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl BreachRanges for Ranges {
    async fn range(&self, prefix: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
        self.asked.lock().unwrap().push(prefix.to_owned());
        let answer = self.answer.lock().unwrap().clone();
        answer.ok_or_else(|| "no route to host".into())
    }
}

async fn ask(answer: Option<&str>, when: WhenUnanswered) -> (Result<(), BreachError>, Vec<String>) {
    let ranges = Arc::new(Ranges::default());
    *ranges.answer.lock().unwrap() = answer.map(str::to_owned);
    let check = BreachCheck::new(ranges.clone()).when_unanswered(when);
    let verdict = check.check(&password("password")).await;
    let asked = ranges.asked.lock().unwrap().clone();
    (verdict, asked)
}

/// SHA-1 of "password" is 5BAA6 1E4C9B93F3F0682250B6CF8331B7EE68FD8.
const SUFFIX: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";
const OTHER: &str = "0018A45C4D1DEF81644B54AB7F969B88D65";

#[tokio::test]
async fn c78_a_breached_password_is_refused_and_five_digits_are_told() {
    for answer in [
        format!("{OTHER}:1\r\n{SUFFIX}:52256179\r\n"),
        format!("{SUFFIX}:1"),
        format!("{}:3\n", SUFFIX.to_lowercase()),
    ] {
        let (verdict, asked) = ask(Some(&answer), WhenUnanswered::Allow).await;
        let Err(BreachError::Breached(violation)) = verdict else {
            panic!("{answer}");
        };
        assert_eq!(violation.code(), "breached");
        assert_eq!(asked, ["5BAA6"]);
    }
}

#[tokio::test]
async fn c78_padding_and_other_hashes_breach_nothing() {
    for answer in [
        String::new(),
        format!("{OTHER}:7\r\n"),
        format!("{OTHER}:7\r\n{SUFFIX}:0\r\n"),
    ] {
        let (verdict, _) = ask(Some(&answer), WhenUnanswered::Refuse).await;
        assert!(verdict.is_ok(), "{answer} {verdict:?}");
    }
}

#[tokio::test]
async fn c78_without_an_answer_it_is_as_was_chosen() {
    let page = format!("<html>{SUFFIX}:1</html>");
    let long = format!("{SUFFIX}:1\n").repeat(40_000);
    for answer in [
        None,
        Some(page.as_str()),
        Some(long.as_str()),
        Some("1E4C9B93F3F0682250B6CF8331B7EE68FD8"),
        Some("1E4C9B93F3F0682250B6CF8331B7EE68FD8:-1"),
        Some("1E4C9B93F3F0682250B6CF8331B7EE68FD8:many"),
    ] {
        let (verdict, _) = ask(answer, WhenUnanswered::Allow).await;
        assert!(verdict.is_ok(), "{verdict:?}");
        let (verdict, _) = ask(answer, WhenUnanswered::Refuse).await;
        let Err(BreachError::Unanswered(error)) = verdict else {
            panic!("{verdict:?}");
        };
        assert!(!error.to_string().contains("1E4C9"), "{error}");
    }
}
