//! Whole files, read as md.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| awap_fuzz::read(bytes, "a.md"));
