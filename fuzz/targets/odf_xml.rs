//! The content of an ODT.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| awap_fuzz::read(&awap_fuzz::odf(bytes), "a.odt"));
