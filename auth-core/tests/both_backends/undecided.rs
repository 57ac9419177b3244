//! Both of `jsonwebtoken`'s backends are compiled in, and nobody chose: its
//! automatic choice panics. Nothing of ours asks for it. One test, so that it
//! has the process to itself.

#[path = "../interop/ours.rs"]
mod ours;

#[test]
fn both_backends_compiled_in_make_jsonwebtoken_panic_and_do_not_matter_to_us() {
    ours::everything_works();
    assert!(ours::jsonwebtoken_panics());
    ours::everything_works();
}
