//! The whole of `anonymize_student`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| awap_fuzz::anonymize(bytes));
