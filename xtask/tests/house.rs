//! Who may depend on whom. The rules are in `src/deps/rules.rs`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use xtask::deps::{
    house::{self, Member, Optional},
    reach::{self, Reached},
    rules::{REACHES, ROOMS},
};

#[test]
fn this_workspace_keeps_the_rules() {
    let violations = xtask::deps::violations().unwrap();
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

/// Every room of the house, empty but for one.
fn workspace_with(member: Member) -> Vec<Member> {
    let empty = |name: &str, default: &[&str]| Member {
        name: name.to_owned(),
        default: default.iter().map(ToString::to_string).collect(),
        ..Member::default()
    };
    let mut members: Vec<Member> = ROOMS
        .iter()
        .map(|room| empty(room.name, room.default))
        .collect();
    members.retain(|other| other.name != member.name);
    members.push(member);
    members
}

fn violations_with(member: Member) -> Vec<String> {
    house::violations(&workspace_with(member), ROOMS)
}

fn member(name: &str, dependencies: &[(&str, Optional)]) -> Member {
    let dependencies = dependencies
        .iter()
        .map(|(name, optional)| ((*name).to_owned(), *optional))
        .collect();
    Member {
        name: name.to_owned(),
        dependencies,
        ..Member::default()
    }
}

#[test]
fn a_crate_may_name_what_its_room_lists() {
    let core = member(
        "auth-core",
        &[("ring", Optional::No), ("argon2", Optional::Yes)],
    );
    assert_eq!(violations_with(core), [""; 0]);
}

#[test]
fn a_crate_may_not_name_one_of_ours_from_a_room_above() {
    let store = member("auth-store", &[("auth-sdk", Optional::Yes)]);
    assert_eq!(
        violations_with(store),
        ["auth-store may not depend on auth-sdk"]
    );
}

#[test]
fn a_crate_may_not_name_what_nobody_decided_on() {
    let axum = member("auth-axum", &[("sqlx", Optional::Yes)]);
    assert_eq!(violations_with(axum), ["auth-axum may not depend on sqlx"]);
}

#[test]
fn what_belongs_behind_a_feature_may_not_be_always_there() {
    let core = member("auth-core", &[("argon2", Optional::No)]);
    assert_eq!(
        violations_with(core),
        ["auth-core depends on argon2 without a feature for it"]
    );
}

#[test]
fn default_features_do_not_grow_unnoticed() {
    let sdk = Member {
        default: vec!["postgres".into()],
        ..member("auth-sdk", &[])
    };
    assert_eq!(
        violations_with(sdk),
        [r#"auth-sdk has the default features ["postgres"], not []"#]
    );
}

#[test]
fn a_crate_without_a_room_is_refused() {
    let stranger = member("auth-attic", &[]);
    assert_eq!(
        violations_with(stranger),
        ["auth-attic has no rule: say in deps/rules.rs what it may depend on"]
    );
}

#[test]
fn an_example_uses_anybody_s_crates_but_of_ours_only_what_is_published() {
    let dependencies = [
        ("auth-sdk", Optional::No),
        ("anything", Optional::No),
        ("auth-testkit", Optional::No),
    ];
    let example = Member {
        is_example: true,
        ..member("demo", &dependencies)
    };
    assert_eq!(
        violations_with(example),
        ["the example demo depends on auth-testkit, which is not for users"]
    );
}

#[test]
fn a_dev_dependency_of_ours_names_no_version() {
    let store = Member {
        versioned_dev_dependencies: vec!["auth-testkit".into(), "proptest".into()],
        ..member("auth-store", &[])
    };
    assert_eq!(
        violations_with(store),
        ["auth-store names a version of its dev-dependency auth-testkit; a path is enough"]
    );
}

fn found(name: &str, features: &[&str]) -> Reached {
    Reached {
        name: name.to_owned(),
        features: features.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn what_must_never_be_reached_is_found_at_any_depth() {
    let rule = REACHES
        .iter()
        .find(|rule| rule.from == "auth-axum")
        .unwrap();
    let tree = [
        found("axum", &[]),
        found("sqlx-core", &[]),
        found("argon2", &[]),
        found("sqlx-core", &[]),
    ];
    assert_eq!(
        reach::violations(rule, &tree),
        ["auth-axum reaches argon2", "auth-axum reaches sqlx-core"]
    );
}

#[test]
fn the_core_may_have_channels_but_no_runtime() {
    let rule = REACHES
        .iter()
        .find(|rule| rule.from == "auth-core" && !rule.only.is_empty())
        .unwrap();
    assert_eq!(
        reach::violations(rule, &[found("tokio", &["default", "sync"])]),
        [""; 0]
    );
    assert_eq!(
        reach::violations(rule, &[found("tokio", &["rt", "sync"])]),
        [r#"auth-core --all-features reaches tokio with the features ["rt"]"#]
    );
}
