//! The content stream of a PDF page.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| awap_fuzz::read(&awap_fuzz::page(bytes), "a.pdf"));
