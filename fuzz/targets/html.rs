//! Whole files, read as html.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| awap_fuzz::read(bytes, "a.html"));
