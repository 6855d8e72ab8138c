//! The whole of `parse_tma`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| awap_fuzz::parse(bytes));
