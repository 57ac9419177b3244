//! The demo, as a process of its own.
#[test]
fn the_demo_walks_the_whole_path() {
    let mut demo = std::process::Command::new(env!("CARGO_BIN_EXE_tonic-service"));
    assert!(demo.arg("--demo").status().unwrap().success());
}
