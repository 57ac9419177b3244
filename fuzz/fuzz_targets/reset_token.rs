//! Given to the fuzzer: see [`fuzz::checks`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::checks::reset_token(data));
