//! What a password is and which may be chosen: checklist 75 to 77 and 87.

#![cfg(feature = "password")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use auth_core::PolicyVersion;
use auth_core::password::{Password, PasswordError, PasswordPolicy, PolicyError, PolicyViolation};

fn password(text: &str) -> Password {
    Password::new(text.to_owned()).unwrap()
}

/// Thirty characters that follow no order.
const MIXED: &str = "qmvzkwpxjtnbhsdalgryfucoeixzkv";

/// Code points of four bytes that follow no order.
fn keys(count: u32) -> String {
    let key = |n: u32| char::from_u32(0x1f511 + n * n % 97).unwrap();
    (0..count).map(key).collect()
}

fn verdict(text: &str) -> Result<(), &'static str> {
    PasswordPolicy::default()
        .check(&password(text))
        .map_err(PolicyViolation::code)
}

/// 77
#[test]
fn composed_and_decomposed_spellings_are_one_password() {
    assert_eq!(
        password("caf\u{e9}").expose(),
        password("cafe\u{301}").expose()
    );
    assert_eq!(password("\u{212b}").expose(), password("A\u{30a}").expose());
    // Hangul, and marks in any order.
    assert_eq!(password("\u{1112}\u{1161}\u{11ab}").expose(), "\u{d55c}");
    assert_eq!(
        password("a\u{323}\u{307}").expose(),
        password("a\u{307}\u{323}").expose()
    );
}

#[test]
fn c77_every_version_of_the_policy_says_how_text_was_prepared() {
    let current = PolicyVersion::CURRENT;
    assert_eq!(current.text_version(), Some(Password::TEXT_VERSION));
    for number in 1..=current.number() {
        let version = PolicyVersion::new(number).unwrap();
        assert_eq!(version.number(), number);
        let text = version.text_version().unwrap();
        assert!((1..=Password::TEXT_VERSION).contains(&text), "{version}");
    }
    let later = PolicyVersion::new(i16::MAX).unwrap();
    assert!(later > current);
    assert_eq!(later.text_version(), None, "nobody guesses what will be");
    assert_eq!(PolicyVersion::new(0), None);
    assert_eq!(PolicyVersion::new(-1), None);
}

/// 77
#[test]
fn case_space_and_compatibility_forms_are_left_alone() {
    for text in [
        " Leading and trailing ",
        "tab\tand\nbreak",
        "\u{fb01}",
        "\u{ff21}",
        "\u{a0}",
        "",
    ] {
        assert_eq!(password(text).expose(), text);
    }
}

/// 75
#[test]
fn a_long_password_is_refused_and_never_cut() {
    let longest = "x".repeat(Password::MAX_BYTES);
    assert_eq!(password(&longest).expose(), longest);
    for text in ["x".repeat(1025), "x".repeat(10 << 20), "\u{e9}".repeat(513)] {
        assert_eq!(Password::new(text).unwrap_err(), PasswordError::TooLong);
    }
    assert_eq!(PasswordError::TooLong.code(), "too_long");
}

/// 75 and 77: the bound is on the normal form, whatever the spelling's length.
#[test]
fn the_longest_password_is_accepted_in_every_spelling() {
    for (composed, spelling) in [
        ("\u{e9}", "e\u{301}"),
        ("\u{390}", "\u{3b9}\u{308}\u{301}"),
        ("\u{390}", "\u{1fbe}\u{308}\u{301}"),
    ] {
        let times = Password::MAX_BYTES / composed.len();
        let given = password(&spelling.repeat(times));
        assert_eq!(given.expose(), composed.repeat(times));
        assert!(Password::new(spelling.repeat(times + 1)).is_err());
    }
}

#[test]
fn text_that_normalising_lengthens_is_held_to_the_bound() {
    // Four bytes each, twelve in NFC.
    assert!(Password::new("\u{1d160}".repeat(85)).is_ok());
    assert_eq!(
        Password::new("\u{1d160}".repeat(86)).unwrap_err(),
        PasswordError::TooLong
    );
}

/// 87
#[test]
fn a_password_does_not_show_itself() {
    let shown = format!("{:?}", password("correct horse battery staple"));
    assert!(!shown.contains("horse"), "{shown}");
}

/// 75 and 76
#[test]
fn length_is_counted_in_code_points_of_the_normal_form() {
    assert_eq!(verdict(&"x".repeat(14)), Err("too_short"));
    assert_eq!(verdict(&MIXED[..15]), Ok(()));
    // 60 bytes, 15 code points.
    assert_eq!(verdict(&keys(15)), Ok(()));
    assert_eq!(verdict(&"\u{1f511}".repeat(14)), Err("too_short"));
    // 16 code points as typed, 8 once composed.
    assert_eq!(verdict(&"e\u{301}".repeat(8)), Err("too_short"));
    let accented: String = MIXED[..15].chars().flat_map(|c| [c, '\u{301}']).collect();
    assert_eq!(verdict(&accented), Ok(()));
}

/// 76
#[test]
fn nothing_is_asked_of_its_composition() {
    for text in [
        "qmvzkwpxjtnbhsd",
        "804271593604827",
        "    a   b c  d    ",
        "correct horse battery staple",
        "\u{5bc6}\u{7801}\u{662f}\u{4e00}\u{53ea}\u{9a6c}\u{548c}\u{7535}\u{6c60}\u{8fd8}\u{6709}\u{8ba2}\u{4e66}\u{9488}\u{5462}",
        " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    ] {
        assert_eq!(verdict(text), Ok(()), "{text:?}");
    }
}

/// 75
#[test]
fn sixty_four_code_points_of_any_kind_may_always_be_chosen() {
    let strictest = PasswordPolicy::default()
        .with_min_code_points(64)
        .and_then(|policy| policy.with_max_bytes(256))
        .unwrap();
    assert_eq!(strictest.check(&password(&keys(64))), Ok(()));
}

#[test]
fn control_characters_may_not_be_chosen() {
    for control in ['\0', '\t', '\n', '\r', '\u{1b}', '\u{7f}', '\u{85}'] {
        let text = format!("correct horse{control} battery staple");
        assert_eq!(verdict(&text), Err("control_character"), "{control:?}");
    }
}

#[test]
fn a_policy_can_be_stricter_about_length() {
    let policy = PasswordPolicy::default().with_max_bytes(300).unwrap();
    assert_eq!(policy.check(&password(&MIXED.repeat(10))), Ok(()));
    assert_eq!(
        policy.check(&password(&"x".repeat(301))),
        Err(PolicyViolation::TooLong { max_bytes: 300 })
    );
}

/// 75
#[test]
fn eight_code_points_are_the_least_a_policy_may_ask_for() {
    let policy = PasswordPolicy::default();
    let lenient = policy.clone().with_min_code_points(8).unwrap();
    assert_eq!(lenient.check(&password("80427159")), Ok(()));
    assert_eq!(
        lenient.check(&password("1234567")),
        Err(PolicyViolation::TooShort { min_code_points: 8 })
    );
    for min in [0, 7, 65] {
        assert_eq!(
            policy.clone().with_min_code_points(min),
            Err(PolicyError::Minimum)
        );
    }
    for max in [0, 255, 1025] {
        assert_eq!(
            policy.clone().with_max_bytes(max),
            Err(PolicyError::Maximum)
        );
    }
}
