//! It is little work: the code of this package, its tests included, has under 200 lines.

#[test]
fn the_code_has_fewer_than_200_lines() {
    let store = include_str!("../src/lib.rs");
    let tests = [include_str!("certified.rs"), include_str!("lines.rs")];
    let lines = store.lines().count() + tests.concat().lines().count();
    assert!(lines < 200, "{lines} lines");
}
